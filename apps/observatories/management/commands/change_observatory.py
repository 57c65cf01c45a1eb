from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.observatories.definition_files import BadDefinitionFileError, load, put
from apps.observatories.operations import Changed, change
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
        try:
            definition = load(path)
            changed = change(
                definition, user=options["user"], reason=options["reason"], is_accepted=options["accept"]
            )
            put(path.read_text(encoding="utf-8"), settings.OBSERVATORY_FILE)
        except (BadDefinitionFileError, CrdsError) as exc:
            raise CommandError(str(exc)) from exc
        self.stdout.write(_describe(definition.title, definition.version, changed))


def _describe(title: str, version: str, changed: Changed) -> str:
    added = f" New types: {', '.join(changed.added)}; {changed.context} is edit." if changed.added else ""
    return f"{title} has version {version} of its definition now.{added} Start the server again to serve it."
