"""The import of datasets from files, and the parkeys that make their modes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction

from apps.core.errors import InvalidInputError
from apps.datasets.errors import BadRowError, UnreadableSourceError
from apps.datasets.import_rows import Raw, ReadDataset, row_maker
from apps.datasets.models import ImportProgress, ModeParkeys
from apps.datasets.modes import Modes, newest_parkeys, parkeys_with
from apps.datasets.readers import Read, read
from apps.datasets.upsert import upsert
from apps.rules.observatories import get_observatory

BATCH = 2000  # rows

Complain = Callable[[int, str], None]


@dataclass
class ImportedDatasets:
    """The result of the import of one file."""

    after: int = 0  # The last row that an earlier, interrupted run had stored.
    stored: int = 0
    undated: int = 0
    refused: int = 0


class ImportBatch(NamedTuple):
    """Some rows of a file: those that are stored, number and reason of those refused, and the last number."""

    rows: list[ReadDataset]
    refused: list[tuple[int, str]]
    last: int


def import_file(path: Path, *, complain: Complain, from_start: bool = False) -> ImportedDatasets:
    """Store the datasets of a file in batches; each batch is stored as a whole or not at all.

    An interrupted run leaves a note with its last batch, and the next run of the same unchanged file
    continues after that batch. The id identifies a row: importing a file again changes only the rows that
    differ.

    Parameters
    ----------
    complain
        Function that gets the number of each refused row and the reason.
    from_start
        Ignore the note of an earlier run.

    Raises
    ------
    UnreadableSourceError
        Raised if nothing can be read from some position on; rows stored before it stay.
    """
    progress = _begin(path, from_start=from_start)
    outcome = ImportedDatasets(after=progress.done)
    make_row = row_maker(settings.OBSERVATORY)
    modes = Modes()
    for batch in _ahead(map(partial(_read_batch, make_row), _batches(read(path, after=progress.done)))):
        for number, reason in batch.refused:
            complain(number, reason)
        outcome.refused += len(batch.refused)
        outcome.stored += _store(batch.rows, modes, progress, done=batch.last)
        outcome.undated += sum(each.row.observed_at is None for each in batch.rows)
    progress.delete()
    return outcome


def _read_batch(make_row: Callable[[Raw], ReadDataset], items: list[Read]) -> ImportBatch:
    rows: list[ReadDataset] = []
    refused: list[tuple[int, str]] = []
    for number, item in items:
        try:
            rows.append(make_row(_require_raw(item)))
        except InvalidInputError as exc:
            refused.append((number, str(exc)))
    return ImportBatch(rows, refused, items[-1][0])


def _ahead(batches: Iterator[ImportBatch]) -> Iterator[ImportBatch]:
    """Yield batches. On PostgreSQL a thread reads the next one while the database stores the last one.

    SQLite works in our own process and would wait for that thread at each row.
    """
    if connection.vendor != "postgresql":
        yield from batches
        return
    with ThreadPoolExecutor(1) as reader:
        waiting = reader.submit(next, batches, None)
        while batch := waiting.result():
            waiting = reader.submit(next, batches, None)
            yield batch


def _begin(path: Path, *, from_start: bool) -> ImportProgress:
    """Return the note of an earlier run of the same unchanged file, or a new one."""
    try:
        facts = path.stat()
    except OSError as exc:
        raise UnreadableSourceError(f"The file cannot be read: {exc.strerror}.") from exc
    # A file system allows names that are not text; a database does not.
    name = os.fsencode(path.resolve()).decode(errors="backslashreplace")[-1024:]
    version = f"{facts.st_size} {facts.st_mtime_ns}"
    progress, _ = ImportProgress.objects.get_or_create(path=name, defaults={"version": version, "done": 0})
    if from_start or progress.version != version:
        progress.version, progress.done = version, 0
        progress.save()
    return progress


def _batches(items: Iterator[Read]) -> Iterator[list[Read]]:
    """Yield lists of items; items with one number share a list. Items before an error are yielded first."""
    batch: list[Read] = []
    failure = None
    try:
        for item in items:
            if len(batch) >= BATCH and item[0] != batch[-1][0]:
                yield batch
                batch = []
            batch.append(item)
    except UnreadableSourceError as exc:
        failure = exc
    if batch:
        yield batch
    if failure:
        raise failure


def _require_raw(item: Raw | BadRowError) -> Raw:
    if isinstance(item, BadRowError):
        raise item
    return item


@transaction.atomic
def _store(rows: list[ReadDataset], modes: Modes, progress: ImportProgress, *, done: int) -> int:
    """Store a batch, and the note about it, in one transaction; return the number of rows that result."""
    stored = upsert(rows, modes)
    progress.done = done
    progress.save(update_fields=["done"])
    return stored


def cover_parkeys(instrument: str, wanted: Iterable[str]) -> ModeParkeys:
    """Return parkeys that tell apart all values of the wanted ones; add a row if the newest one does not.

    After that the exposures of the instrument are sorted again, see `pipeline.sort_into_modes`.

    Parameters
    ----------
    instrument
        Lower case.
    wanted
        Parkeys in any case; dates among them are left out.
    """
    needed = parkeys_with(wanted, get_observatory(settings.OBSERVATORY))
    while True:
        newest = newest_parkeys(instrument)
        if newest is not None and set(needed) <= set(newest.parkeys):
            return newest
        number, known = (newest.number, newest.parkeys) if newest else (0, [])
        parkeys = sorted({*known, *needed})
        # Of two workers one adds the row, and the other finds it at its next turn.
        ModeParkeys.objects.get_or_create(
            instrument=instrument, number=number + 1, defaults={"parkeys": parkeys}
        )
