from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.observatories.definition_files import describe, load


class Command(BaseCommand):
    help = "Say every mistake in the definition of an observatory, with its line."
    requires_system_checks: list[str] = []  # noqa: RUF012 (so Django declares it)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="The definition, YAML or JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            definition = load(options["file"])
        except ValueError as exc:
            raise CommandError(str(exc)) from exc
        self.stdout.write(describe(definition))
