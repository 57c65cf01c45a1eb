from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.contexts.operations import create_pipeline
from apps.rules.errors import CrdsError


class Command(BaseCommand):
    help = (
        "Register a pipeline that reports the context it uses, and print its key, which is never shown again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="The name that people ask for, such as keckao-ops-pipeline.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.stdout.write(create_pipeline(options["name"], user="create_pipeline"))
        except CrdsError as exc:
            raise CommandError(str(exc)) from exc
