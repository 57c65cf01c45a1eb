from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.observatories import documents
from apps.observatories.definition_files import BadDefinitionFileError, load
from apps.observatories.models import DefinitionVersion
from apps.observatories.operations import replace
from apps.rules.errors import CrdsError


class Command(BaseCommand):
    help = "Replace the definition of the served observatory, and make the first rules of types that it adds."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="The new definition, YAML or JSON.")
        parser.add_argument("--reason", required=True, help="why, for the history")
        parser.add_argument("--user", default="operator", help="name for the history")
        parser.add_argument("--accept", action="store_true", help="change it although something breaks")

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["file"]
        if documents.is_overlaid():
            raise CommandError(
                f"This server serves {settings.OBSERVATORY}, which the client knows by itself. Change its "
                "overlay on /observatory/. Nothing was changed."
            )
        try:
            load(path)
            version = replace(
                path.read_text(encoding="utf-8"),
                user=options["user"],
                reason=options["reason"],
                is_accepted=options["accept"],
            )
        except (BadDefinitionFileError, CrdsError) as exc:
            raise CommandError(str(exc)) from exc
        self.stdout.write(_describe(version))


def _describe(made: DefinitionVersion) -> str:
    context = f" {made.context} has the rules of its new types, and is edit." if made.context else ""
    return f"{made.name} is in force: version {made.version}.{context} The server needs no new start."
