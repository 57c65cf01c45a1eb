"""The command that fills the table of observed datasets from files."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.errors import InvalidInputError
from apps.datasets.operations import ImportedDatasets, import_file
from apps.datasets.readers import SUFFIXES


class Command(BaseCommand):
    help = (
        "Import matching parameters of observed datasets from JSON lines, the client's JSON form, CSV, "
        "Parquet, FITS and ASDF. The same command continues an interrupted run. Importing a file again "
        "changes only the rows that differ."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "paths", nargs="+", type=Path, metavar="PATH", help="File, or folder of such files."
        )
        parser.add_argument(
            "--from-start",
            action="store_true",
            help="Read all rows, including rows that an earlier run had stored.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        total = ImportedDatasets()
        for path in _files(options["paths"]):
            outcome = self._import(path, from_start=options["from_start"])
            total.stored += outcome.stored
            total.undated += outcome.undated
            total.refused += outcome.refused
            total.after = max(total.after, outcome.after)
        self.stdout.write(f"Datasets: {total.stored} stored, {total.refused} rows refused.")
        if total.undated:
            self.stdout.write(
                f"{total.undated} have no readable date; questions with a start date leave them out."
            )
        if not total.stored and not total.after:
            raise CommandError("No dataset was stored.")

    def _import(self, path: Path, *, from_start: bool) -> ImportedDatasets:
        shown = _printable(str(path))

        def complain(number: int, reason: str) -> None:
            self.stderr.write(f"{shown}:{number}: {_printable(reason)}")

        try:
            outcome = import_file(path, complain=complain, from_start=from_start)
        except InvalidInputError as exc:
            self.stderr.write(f"{shown}: {_printable(str(exc))}")
            return ImportedDatasets(refused=1)
        if outcome.after:
            self.stdout.write(f"{shown}: continued after row {outcome.after}.")
        return outcome


def _files(paths: list[Path]) -> Iterator[Path]:
    """Yield files; of folders the files with known endings, sorted. Links to other folders are skipped."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for folder, subfolders, names in os.walk(path):
            subfolders.sort()
            yield from (Path(folder, name) for name in sorted(names) if name.lower().endswith(SUFFIXES))


def _printable(text: str) -> str:
    """Return a text as one line without control characters, which a terminal would obey."""
    return "".join(character if character.isprintable() else " " for character in text)
