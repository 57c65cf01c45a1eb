"""Operations on the ledger: add one file, or import a whole cache."""

from collections.abc import Mapping
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.catalog import audit, queries, storage
from apps.catalog.crds_cache import CacheCatalog, present_files
from apps.catalog.errors import NameTakenError
from apps.catalog.file_kinds import kind_of, type_in_name
from apps.catalog.models import Action, File
from apps.catalog.pipeline.contents import note_stored
from apps.catalog.pipeline.import_report import ImportOptions, Report
from apps.catalog.pipeline.mapping_facts import Findings
from apps.catalog.pipeline.register import adopt_bad_files, register
from apps.catalog.pipeline.store_files import store
from apps.catalog.pipeline.sweep import sweep
from apps.catalog.progress import Progress
from apps.rules.naming.file_names import is_mapping


def add_file(
    source: BinaryIO | Path,
    *,
    name: str,
    user: str,
    why: str = "",
    expected_sha1sum: str = "",
    **fields: Any,
) -> File:
    """Store bytes under a new official name and catalogue them; adding the same bytes again changes nothing.

    The bytes are stored before the row is written, so that no row names a file that is not there. If the
    process is killed in between, the next call with the same bytes, or `sweep`, completes the row.

    Parameters
    ----------
    source
        A path, or a stream that is read to its end.
    name
        Official name, without directory.
    user, why
        For the audit record.
    expected_sha1sum
        The sha1sum that the bytes must have; not checked if empty.
    **fields
        Columns of `File`: ``instrument``, ``filekind``, ``description``, ... The name gives the defaults.

    Raises
    ------
    BadNameError
        Raised if no client would download a file of this name.
    NameTakenError
        Raised if the name already means other bytes.
    DamagedFileError
        Raised if the bytes disagree with `expected_sha1sum`, or read back differently.
    """
    kind_of(name)
    known = queries.find_file(name)
    expected = _expected(name, known, expected_sha1sum)
    storage.prepare()
    path = storage.path_of(name)
    if known is None or not known.is_held:
        storage.free_name(path, expected)
    with source.open("rb") if isinstance(source, Path) else nullcontext(source) as stream:
        digest = storage.put(stream, path, expected_sha1sum=expected)
    return _register(name, digest, path.stat().st_size, user=user, why=why, fields=fields)


def _expected(name: str, known: File | None, sha1sum: str) -> str:
    """Return the sha1sum that the bytes must have, or an empty text if it is unknown."""
    catalogued = known.sha1sum if known else ""
    if catalogued and sha1sum and catalogued != sha1sum:
        raise NameTakenError(f"{name} is catalogued with sha1sum {catalogued}; it cannot become {sha1sum}.")
    return sha1sum or catalogued


@transaction.atomic
def _register(name: str, digest: str, size: int, *, user: str, why: str, fields: dict[str, Any]) -> File:
    """Note in the row, and in an audit record, that the bytes are here."""
    file, _ = File.objects.select_for_update().get_or_create(name=name, defaults=_defaults(name))
    if file.is_held:
        return file
    for column, value in fields.items():
        setattr(file, column, value)
    file.size, file.sha1sum, file.held_at = size, digest, timezone.now()
    file.save()
    note_stored([file])
    audit.file_changed(
        file, action=Action.ADD_FILE, user=user, why=why, details=f"sha1sum {digest}, {size} bytes"
    )
    return file


def _defaults(name: str) -> dict[str, Any]:
    """Return the columns that follow from the name alone."""
    instrument, filekind = type_in_name(name, observatory=settings.OBSERVATORY)
    return {
        "kind": kind_of(name),
        "observatory": settings.OBSERVATORY,
        "instrument": instrument,
        "filekind": filekind,
        "uploaded_as": name,
    }


def take_cache(
    root: Path,
    catalog: CacheCatalog,
    findings: Findings,
    options: ImportOptions,
    *,
    first_use: Mapping[str, datetime],
    progress: Progress,
) -> Report:
    """Import a CRDS cache: a row for each file its catalog lists, the bytes it holds, and its bad files.

    It may be killed and called again at any time. Files that are here already are left as they are.

    Parameters
    ----------
    first_use
        When each file first was part of a latest context, where that is known.

    Returns
    -------
    The counts of what was done, and each file that could not be taken, with the reason.
    """
    storage.prepare()
    sweep(user=options.user)
    report = Report(refused=list(catalog.complaints))
    register(catalog, findings, first_use, options, report)
    paths = list(present_files(root, observatory=settings.OBSERVATORY))
    progress.start("stored", len(paths))
    store(paths, findings, options, report, progress)
    progress.finish()
    adopt_bad_files(catalog, options, report)
    _name_missing_mappings(catalog, {path.name for path in paths}, report)
    audit.noted(Action.IMPORT_CACHE, user=options.user, details=str(report))
    return report


def _name_missing_mappings(catalog: CacheCatalog, present: set[str], report: Report) -> None:
    """Report each mapping that is catalogued, but neither in the cache nor here."""
    absent = {name for name in catalog.files if is_mapping(name) and name not in present}
    for name, file in sorted(queries.files_named(absent).items()):
        if not file.is_held:
            report.refuse(name, "is catalogued, but the cache does not hold it.")
