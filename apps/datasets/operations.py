"""The import of datasets from files, and the parkeys that make their modes."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction

from apps.catalog import audit
from apps.catalog.models import Action
from apps.core.errors import InvalidInputError
from apps.datasets.errors import BadRowError, UnreadableSourceError
from apps.datasets.import_rows import Raw, ReadDataset, row_maker
from apps.datasets.models import ImportProgress, ModeParkeys
from apps.datasets.modes import Modes, newest_parkeys, parkeys_with
from apps.datasets.readers import LineSource, Read, read, read_lines
from apps.datasets.upsert import RowWithMode, StoredRows, rows_with_modes, upsert
from apps.rules.observatories import get_observatory

logger = logging.getLogger(__name__)

BATCH = 2000  # rows
LINES_PER_CALL = 100_000
LINES_AT_ONCE = 200  # of one call; each line may have a megabyte, and all are in memory
SHOWN_REFUSALS = 100  # of one call

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
    for batch in _ahead(
        map(partial(_read_batch, make_row), _batches(read(path, after=progress.done), BATCH))
    ):
        for number, reason in batch.refused:
            complain(number, reason)
        outcome.refused += len(batch.refused)
        outcome.stored += _store(batch.rows, modes, progress, done=batch.last)
        outcome.undated += sum(each.row.observed_at is None for each in batch.rows)
    progress.delete()
    return outcome


@dataclass
class AddedDatasets:
    """The result of a call that adds or corrects datasets.

    Attributes
    ----------
    line_count
        Number of lines that were read.
    datasets
        Ids of the datasets that are stored now. Several lines of one dataset are one.
    undated
        Those of them without a readable date.
    refused
        Number of a refused line, and the reason; the first `SHOWN_REFUSALS` of them.
    refused_count
        Number of all refused lines.
    is_cut
        Whether there were more lines than one call may have; the rest was not read.
    stored, recorded
        Numbers of all these datasets, and of those in the first audit record. A dataset with several lines
        is counted by the first batch that has it.
    first
        Two-part id of the first one.
    """

    line_count: int = 0
    datasets: set[tuple[str, str]] = field(default_factory=set)
    undated: set[tuple[str, str]] = field(default_factory=set)
    refused: list[tuple[int, str]] = field(default_factory=list)
    refused_count: int = 0
    is_cut: bool = False
    stored: StoredRows = field(default_factory=StoredRows)
    recorded: StoredRows = field(default_factory=StoredRows)
    first: str = ""


def add_datasets(stream: LineSource, *, user: str) -> AddedDatasets:
    """Add or correct the datasets of JSON lines, in batches; each batch is stored as a whole or not at all.

    The id identifies a dataset, so the same call may be repeated. Of several lines of one dataset the last
    one counts. The first batch that is stored brings an audit record with its numbers; if there are more
    batches, the end of the call brings another one with the numbers of all.
    """
    outcome, modes = AddedDatasets(), Modes()
    make_row = row_maker(settings.OBSERVATORY)
    for items in _batches(read_lines(stream), LINES_AT_ONCE):
        some = [item for item in items if item[0] <= LINES_PER_CALL]
        outcome.is_cut = len(some) < len(items)
        if some:
            _add(_read_batch(make_row, some), modes, outcome, user)
        if outcome.is_cut:
            break
    if outcome.stored != outcome.recorded:
        details = f"all datasets of the call from {outcome.first} on: {_numbers(outcome.stored)}"
        audit.noted(Action.ADD_DATASETS, user=user, details=details)
    logger.info("%s added %d datasets by %d lines", user, len(outcome.datasets), outcome.line_count)
    return outcome


def _add(batch: ImportBatch, modes: Modes, outcome: AddedDatasets, user: str) -> None:
    rows = rows_with_modes(batch.rows, modes)
    again = [row for row in rows if row[0][:2] in outcome.datasets]
    if again:
        # Datasets that this call has stored already are counted once.
        rows = [row for row in rows if row[0][:2] not in outcome.datasets]
        with transaction.atomic():
            upsert(again)
    if rows:
        _store_and_record(rows, outcome, user)
    outcome.line_count = batch.last
    for each in batch.rows:
        key = each.row.product, each.row.exposure
        outcome.datasets.add(key)
        outcome.undated.discard(key)
        if each.row.observed_at is None:
            outcome.undated.add(key)
    outcome.refused += batch.refused[: SHOWN_REFUSALS - len(outcome.refused)]
    outcome.refused_count += len(batch.refused)


def _store_and_record(rows: list[RowWithMode], outcome: AddedDatasets, user: str) -> None:
    """Store datasets that are new to the call; the first ones come with an audit record."""
    with transaction.atomic():
        stored = upsert(rows)
        if not outcome.datasets:
            first = rows[0][0]
            outcome.first, outcome.recorded = f"{first.product}:{first.exposure}", stored
            details = f"datasets from {outcome.first} on: {_numbers(stored)}"
            audit.noted(Action.ADD_DATASETS, user=user, details=details)
    outcome.stored = outcome.stored.with_more(stored)


def _numbers(stored: StoredRows) -> str:
    return f"{stored.added} added, {stored.corrected} corrected, {stored.unchanged} unchanged"


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


def _batches(items: Iterator[Read], size: int) -> Iterator[list[Read]]:
    """Yield lists of about `size` items; those with one number share a list.

    Items before an error are yielded first.
    """
    batch: list[Read] = []
    failure = None
    try:
        for item in items:
            if len(batch) >= size and item[0] != batch[-1][0]:
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


def _store(datasets: list[ReadDataset], modes: Modes, progress: ImportProgress, *, done: int) -> int:
    """Store a batch, and the note about it, in one transaction; return the number of rows that result."""
    rows = rows_with_modes(datasets, modes)
    with transaction.atomic():
        upsert(rows)
        progress.done = done
        progress.save(update_fields=["done"])
        _commit_without_waiting()
    return len(rows)


def _commit_without_waiting() -> None:
    """Do not wait until this transaction is on the disk of PostgreSQL.

    If the database crashes, the last batches of a file may be lost, each as a whole and with its note, and
    the next run reads them again. Nobody sends the rows of a call again, so calls wait.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO OFF")


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
