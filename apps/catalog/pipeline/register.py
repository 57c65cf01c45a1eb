"""The rows of the files that the catalog of a cache lists, whether or not the cache has their bytes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.catalog import audit, queries, usage
from apps.catalog.crds_cache import CacheCatalog, FileFacts
from apps.catalog.crds_database import FILLED
from apps.catalog.errors import BadNameError
from apps.catalog.file_kinds import kind_of, type_in_name
from apps.catalog.models import Action, File
from apps.catalog.pipeline.import_report import ImportOptions, Report
from apps.catalog.pipeline.mapping_facts import Findings
from apps.catalog.states import FileState
from apps.rules.naming.file_names import is_mapping

ROWS = 500  # rows made in one statement


def register(
    catalog: CacheCatalog,
    findings: Findings,
    first_use: Mapping[str, datetime],
    options: ImportOptions,
    report: Report,
) -> None:
    """Make a row for every catalogued file that has none, and fill the empty columns of the others."""
    # Long texts are read only if there is something to compare them with.
    rows = File.objects.all() if findings.known.files else File.objects.defer("history", "comment")
    known = {file.name: file for file in rows.iterator(chunk_size=2000)}
    new, mended = [], []
    for name, facts in sorted(catalog.files.items()):
        row = known.get(name)
        if row is None:
            new.append((name, facts))
        elif facts.sha1sum and row.sha1sum not in {"", facts.sha1sum} and not options.adopts(name):
            report.refuse(
                name, f"is catalogued here with sha1sum {row.sha1sum}; the cache says {facts.sha1sum}."
            )
        elif mend(row, known_columns(name, facts, findings, first_use)):
            mended.append(row)
    _create(new, catalog, findings, first_use, report)
    _save(mended)


def _create(
    entries: list[tuple[str, FileFacts]],
    catalog: CacheCatalog,
    findings: Findings,
    first_use: Mapping[str, datetime],
    report: Report,
) -> None:
    rows = []
    for name, facts in entries:
        try:
            rows.append(make_row(name, known_columns(name, facts, findings, first_use), catalog.as_of))
        except BadNameError as exc:
            report.refuse(name, str(exc))
    for start in range(0, len(rows), 10 * ROWS):
        batch = rows[start : start + 10 * ROWS]
        _register_now(batch)
        with transaction.atomic():
            # Another import may be running; its rows are as good as ours.
            File.objects.bulk_create(batch, batch_size=ROWS, ignore_conflicts=True)
            audit.count_change()
    report.rows += len(rows)


def _register_now(rows: list[File]) -> None:
    """Set the time of registration shortly before it: the rows of a large import were made long ago."""
    now = timezone.now()
    for row in rows:
        row.registered_at = now


def known_columns(
    name: str, facts: FileFacts, findings: Findings, first_use: Mapping[str, datetime]
) -> dict[str, Any]:
    """Return the columns of a file from catalog, name, mappings and database, empty ones left out."""
    instrument, filekind = type_in_name(name, observatory=settings.OBSERVATORY)
    columns: dict[str, Any] = {"size": facts.size, "sha1sum": facts.sha1sum}
    columns |= {"instrument": instrument, "filekind": filekind}
    columns |= {key: value for key, value in findings.columns(name).items() if value}
    columns["activated_at"] = first_use.get(name)
    # The facts of the server itself are better than guesses from its rules.
    columns |= findings.known.columns(name, facts.sha1sum)
    return {key: value for key, value in columns.items() if value not in (None, "")}


def make_row(name: str, columns: Mapping[str, Any], as_of: datetime | None) -> File:
    # An unknown delivery was at the latest when the file was first used, or catalogued.
    delivered_at = columns.get("activated_at") or as_of or timezone.now()
    return File(
        name=name,
        kind=kind_of(name),
        observatory=settings.OBSERVATORY,
        uploaded_as=name,
        state=FileState.ARCHIVED,
        **{"delivered_at": delivered_at, **columns},
    )


def mend(row: File, columns: Mapping[str, Any]) -> bool:
    """Fill the empty columns of a row, keep the others, and return whether anything was filled.

    A guessed date of delivery is never too early, so an earlier date is better. A row with a deliverer has
    its true date already.
    """
    filled = {key: value for key, value in columns.items() if getattr(row, key) in (None, "")}
    delivered_at = columns.get("delivered_at")
    if delivered_at and not row.deliverer and delivered_at < row.delivered_at:
        filled["delivered_at"] = delivered_at
    if filled:
        filled["changed_at"] = timezone.now()
    for key, value in filled.items():
        setattr(row, key, value)
    return bool(filled)


MENDED = ("size", "sha1sum", "instrument", "filekind", "derived_from", "changed_at", *FILLED)


def _save(rows: list[File]) -> None:
    for start in range(0, len(rows), ROWS):
        with transaction.atomic():
            File.objects.bulk_update(rows[start : start + ROWS], MENDED, batch_size=100)
            audit.count_change()


def adopt_bad_files(catalog: CacheCatalog, options: ImportOptions, report: Report) -> None:
    """Mark the files as bad that the catalog calls bad, and taint the mappings that name such mappings."""
    marked = File.objects.filter(rejected=False)
    fresh = {name: file for name, file in queries.files_named(catalog.bad).items() if not file.rejected}
    for name in sorted(catalog.bad - queries.files_named(catalog.bad).keys()):
        report.refuse(name, "is in bad_files_list, but it is not in the catalog.")
    bad_mappings = {name for name in catalog.bad if is_mapping(name)}
    tainted = usage.above(bad_mappings)
    with transaction.atomic():
        for name, file in sorted(fresh.items()):
            marked.filter(pk=file.pk).update(
                rejected=True, blacklisted=is_mapping(name), changed_at=timezone.now()
            )
            audit.file_changed(
                file,
                action=Action.MARK_BAD,
                user=options.user,
                why="Bad in the imported catalog.",
                details="blacklist" if is_mapping(name) else "reject",
            )
        for file in queries.files_named(tainted).values():
            if not file.blacklisted:
                File.objects.filter(pk=file.pk).update(blacklisted=True, changed_at=timezone.now())
                culprits = ", ".join(sorted(bad_mappings))[:500]
                audit.file_changed(
                    file, action=Action.TAINT, user=options.user, why="Names a bad mapping.", details=culprits
                )
    report.marked_bad += len(fresh)
