"""The store step of an import: the bytes that the catalog confirms or the operator asks for."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from apps.catalog import audit, header_facts, queries, storage
from apps.catalog.crds_cache import FileFacts
from apps.catalog.errors import BadNameError, UnvouchedError
from apps.catalog.file_kinds import kind_of
from apps.catalog.models import Action, AuditRecord, File
from apps.catalog.pipeline.contents import Notes, note, note_stored
from apps.catalog.pipeline.import_report import ImportOptions, Report
from apps.catalog.pipeline.mapping_facts import Findings
from apps.catalog.pipeline.register import known_columns, make_row, mend
from apps.catalog.progress import Progress
from apps.catalog.reading import checked_path
from apps.catalog.states import FileState
from apps.rules.errors import CrdsError
from apps.rules.naming.file_names import is_mapping

logger = logging.getLogger(__name__)

# The useafter date may come from the rules. A row with nothing else has not been filled from its header.
_OF_HEADERS = tuple(column for column in header_facts.COLUMNS if column != "useafter_at")
FILES = 200  # files whose rows are marked as held in one transaction


def store(
    paths: Iterable[Path],
    findings: Findings,
    options: ImportOptions,
    report: Report,
    progress: Progress,
) -> None:
    """Store the files of a cache whose bytes the catalog confirms, and refuse each of the others."""
    notes = Notes()
    for batch in _batches(paths, FILES):
        rows = queries.files_named(path.name for path in batch)
        taken = []
        for path in batch:
            row = rows.get(path.name)
            if row is not None and row.is_held:
                _compare_size(path, row, report)
            else:
                taken += _take(path, row, options, report)
            progress.step()
        _confirm(taken, rows, findings, options, notes)
        _fill_from_headers([*rows, *(name for name, _facts in taken)])
        for name, _facts in taken:
            storage.let_go(name)
        report.stored += len(taken)


def _fill_from_headers(names: Iterable[str]) -> None:
    """Fill empty columns of held references from their headers."""
    filled = [
        row
        for row in queries.files_named(name for name in names if not is_mapping(name)).values()
        if row.is_held and not any(getattr(row, column) for column in _OF_HEADERS) and _fill_from_header(row)
    ]
    with transaction.atomic():
        File.objects.bulk_update(filled, (*header_facts.COLUMNS, "changed_at"), batch_size=100)


def _fill_from_header(row: File) -> bool:
    try:
        return mend(row, header_facts.columns(header_facts.facts(checked_path(row), row.name)))
    except CrdsError as exc:
        logger.warning("The header of %s was not read: %s", row.name, exc)
        return False


def _batches(paths: Iterable[Path], size: int) -> Iterator[list[Path]]:
    listed = list(paths)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


def _compare_size(path: Path, row: File, report: Report) -> None:
    """Count a file that we hold, and compare its size; only verify_store reads its bytes again."""
    report.held_before += 1
    try:
        size = path.stat().st_size
    except OSError as exc:
        report.refuse(path.name, f"cannot be read: {exc.strerror}.")
        return
    if size != row.size:
        report.refuse(path.name, f"has {size} bytes; the file held under this name has {row.size} and stays.")


def _take(
    path: Path, row: File | None, options: ImportOptions, report: Report
) -> list[tuple[str, FileFacts]]:
    """Store one file and return its name, size and sha1sum in a list, which is empty if it is refused."""
    try:
        kind_of(path.name)
        if not path.is_file():
            raise BadNameError(f"{path.name} is not a regular file.")
        expected = _expected(path.name, row, options)
        target = storage.path_of(path.name)
        storage.free_name(target, expected.sha1sum)
        with path.open("rb") as stream:
            digest = storage.put(
                stream, target, size=expected.size, expected_sha1sum=expected.sha1sum, is_in_batch=True
            )
        return [(path.name, FileFacts(target.stat().st_size, digest))]
    except OSError as exc:
        report.refuse(path.name, f"cannot be copied: {exc.strerror}.")
    except CrdsError as exc:
        report.refuse(path.name, str(exc).removeprefix(f"{path.name} "))
    return []


def _expected(name: str, row: File | None, options: ImportOptions) -> FileFacts:
    """Return the size and sha1sum that the bytes must have; none for files that are taken as they are.

    Raises
    ------
    UnvouchedError
        Raised if no catalog has them, and the operator did not ask for such files.
    """
    if options.adopts(name):
        return FileFacts()
    if row is not None and row.sha1sum:
        return FileFacts(row.size, row.sha1sum)
    if options.takes_unknown:
        return FileFacts()
    if row is None:
        raise UnvouchedError(f"{name} is unknown: no catalog lists it; --take-unknown takes it as it is.")
    raise UnvouchedError(f"{name} is catalogued without size and sha1sum; --take-unknown takes it as it is.")


def _confirm(
    taken: list[tuple[str, FileFacts]],
    rows: Mapping[str, File],
    findings: Findings,
    options: ImportOptions,
    notes: Notes,
) -> None:
    """Mark the rows of one batch as held, after the names of the files are safe on the disk."""
    storage.sync_folders()
    confirmed, overruled, unknown = [], [], []
    for name, facts in taken:
        row = rows.get(name)
        if row is None:
            unknown.append((name, facts))
        elif row.sha1sum == facts.sha1sum:
            confirmed.append(name)
        else:
            overruled.append((row, facts))
    now = timezone.now()
    with transaction.atomic():
        File.objects.filter(name__in=confirmed, held_at=None).update(held_at=now, changed_at=now)
        _make_unknown(unknown, findings, options)
        for row, facts in overruled:
            _overrule(row, facts, options)
        _note(taken, findings, notes)
        audit.count_change()


def _note(taken: list[tuple[str, FileFacts]], findings: Findings, notes: Notes) -> None:
    """Note the contents of the mappings of one batch; read those that were not read before."""
    mappings = [(name, facts.sha1sum) for name, facts in taken if is_mapping(name)]
    found = {name: named for name, digest in mappings if (named := findings.named(name, digest))}
    note(found, notes)
    others = [name for name, _digest in mappings if name not in found]
    note_stored(queries.files_named(others).values(), notes)


def _make_unknown(taken: list[tuple[str, FileFacts]], findings: Findings, options: ImportOptions) -> None:
    """Make rows for files that no catalog lists, each with a record of the user who asked for it."""
    rows = []
    for name, facts in taken:
        row = make_row(name, known_columns(name, facts, findings, {}), None)
        row.state, row.held_at = FileState.DELIVERED, timezone.now()
        rows.append(row)
    File.objects.bulk_create(rows)
    AuditRecord.objects.bulk_create(
        AuditRecord(
            action=Action.TAKE_UNKNOWN,
            user=options.user,
            filename=row.name,
            instrument=row.instrument,
            filekind=row.filekind,
            details=f"sha1sum {row.sha1sum}, {row.size} bytes",
        )
        for row in rows
    )


def _overrule(row: File, facts: FileFacts, options: ImportOptions) -> None:
    """Replace the catalogued size and sha1sum by those of adopted bytes; no other bytes were ever held."""
    before = f"{row.sha1sum or 'no sha1sum'}, {row.size or 'unknown'} bytes"
    row.size, row.sha1sum, row.held_at = facts.size, facts.sha1sum, timezone.now()
    row.save(update_fields=["size", "sha1sum", "held_at", "changed_at"])
    audit.file_changed(
        row,
        action=Action.ADOPT_BYTES,
        user=options.user,
        why="The operator asked for the bytes of the cache.",
        details=f"before: {before}; now: {row.sha1sum}, {row.size} bytes",
    )
