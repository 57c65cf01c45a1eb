from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.observatories.definition_files import BadDefinitionFileError, load
from apps.observatories.header_survey import Survey, survey
from apps.observatories.written_definition import write_definition
from apps.rules.observatories import taken_names
from apps.rules.observatories.definition_reader import name_fault


class Command(BaseCommand):
    help = "Write the definition of a new observatory, with comments, as a file to change."
    requires_system_checks: list[str] = []  # noqa: RUF012 (so Django declares it)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="2 to 8 lower case letters")
        parser.add_argument(
            "--from-files",
            type=Path,
            metavar="DIR",
            help="propose instruments, types, match keys and values from the headers of the files below DIR",
        )
        parser.add_argument("--output", type=Path, help="the file to write; NAME.yaml if not given")

    def handle(self, *args: Any, **options: Any) -> None:
        name, folder = options["name"], options["from_files"]
        if fault := name_fault(name, taken_names()):
            raise CommandError(fault)
        if folder is not None and not folder.is_dir():
            raise CommandError(f"{folder} is not a folder.")
        target = options["output"] or Path(f"{name}.yaml")
        found = survey(folder) if folder else Survey()
        try:
            with target.open("x", encoding="utf-8") as stream:
                stream.write(write_definition(name, found))
        except FileExistsError:
            raise CommandError(f"{target} is there already. Remove it, or name another file.") from None
        except OSError as exc:
            raise CommandError(f"{target} cannot be written: {exc.strerror}.") from exc
        self.stdout.write(f"Wrote {target}.")
        if folder:
            self._tell(found)
        try:
            load(target)
        except BadDefinitionFileError as exc:
            self.stdout.write(f"Correct it before you start the observatory. {exc}")
            return
        self.stdout.write(
            f"Read it, change what is wrong, then run `manage.py check_observatory {target}` "
            f"and `manage.py start_observatory {target}`."
        )

    def _tell(self, found: Survey) -> None:
        types = [f"{instrument} {kind}" for instrument, kinds in found.match.items() for kind in kinds]
        self.stdout.write(
            f"Read {found.files} files: {len(found.match)} instruments, {len(types)} types "
            f"({', '.join(types[:8])}{', …' if len(types) > 8 else ''})."
        )
        for file, reason in list(found.unreadable.items())[:5]:
            self.stdout.write(f"Not read: {file}: {reason}")
