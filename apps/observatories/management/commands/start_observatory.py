import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.errors import ConflictError
from apps.observatories.definition_files import BadDefinitionFileError, load, put
from apps.observatories.operations import Started, is_started, start
from apps.rules.errors import CrdsError
from apps.rules.observatories import find_definition
from apps.rules.observatories.definition import Definition

AGAIN = "--again"


class Command(BaseCommand):
    help = "Make an observatory the served one, with its first pmap, imaps and rmaps. It may be called again."
    requires_system_checks: list[str] = []  # noqa: RUF012 (so Django declares it)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="The definition, YAML or JSON.")
        parser.add_argument("--user", default="operator", help="name for the history")
        parser.add_argument(AGAIN, action="store_true", help="used by the command itself")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            definition = load(options["file"])
        except BadDefinitionFileError as exc:
            raise CommandError(str(exc)) from exc
        if not _is_served(definition):
            self._serve(definition, options["file"], is_second=options["again"])
        try:
            call_command("migrate", verbosity=0)
            started = start(user=options["user"])
        except (CrdsError, ConflictError) as exc:
            raise CommandError(str(exc)) from exc
        self.stdout.write(_describe(definition, started))

    def _serve(self, definition: Definition, path: Path, *, is_second: bool) -> None:
        """Put the definition in its place, and start this command again with it: settings are read once."""
        target = settings.OBSERVATORY_FILE
        if is_second:
            raise CommandError(f"{target} does not hold the definition that was just written there.")
        served = find_definition(settings.OBSERVATORY)
        if served is not None and served.name != definition.name:
            raise CommandError(
                f"{target} defines {served.name}, and this file {definition.name}. One server serves one "
                "observatory: give the other one a DATA_ROOT of its own."
            )
        if (chosen := os.environ.get("OBSERVATORY", "")) not in ("", definition.name):
            raise CommandError(
                f"OBSERVATORY={chosen} is set, and this file defines {definition.name}. Unset OBSERVATORY, "
                "and give the new observatory a DATA_ROOT of its own."
            )
        if served is not None and _is_started():
            raise CommandError(
                f"{target} holds another definition of {served.name}, version {served.version}. "
                "Change it with `manage.py change_observatory FILE`, which lists what breaks."
            )
        try:
            put(path.read_text(encoding="utf-8"), target)
        except (CrdsError, OSError) as exc:
            raise CommandError(f"{target} cannot be written: {exc}") from exc
        os.execv(sys.executable, [sys.executable, *sys.argv, AGAIN])  # noqa: S606 (this same program)


def _is_served(definition: Definition) -> bool:
    served = find_definition(settings.OBSERVATORY)
    return served is not None and served.plain == definition.plain


def _is_started() -> bool:
    """Return whether rules are in use; until then a definition may still be corrected."""
    call_command("migrate", verbosity=0)
    return is_started()


def _describe(definition: Definition, started: Started) -> str:
    if not started.files and not started.pointers:
        return f"{definition.title} is started already; its first context is {started.context}."
    return (
        f"{definition.title}: made {started.files} mappings and {started.context}, "
        f"and moved {started.pointers} pointers to it. Run `manage.py up` to serve it."
    )
