"""The import of a whole CRDS cache: files, history, pointers, and compiled mappings."""

import contextlib
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from apps.catalog import operations as ledger
from apps.catalog.crds_cache import CacheCatalog, load_catalog, present_files
from apps.catalog.crds_database import NAME as DATABASE
from apps.catalog.crds_database import read_database
from apps.catalog.pipeline.import_report import ImportOptions, Report
from apps.catalog.pipeline.mapping_facts import look_into
from apps.catalog.progress import Progress
from apps.contexts import operations, queries
from apps.contexts.models import Pointer
from apps.contexts.server_config import read_eras, read_pointers
from apps.rules.errors import CrdsError
from apps.rules.naming.file_names import is_mapping


@dataclass
class ImportedCache:
    """The report of an import: its files, its eras, its pointers, and the contexts that cannot be used."""

    files: Report
    eras: int = 0
    pointers: list[str] = field(default_factory=list)
    unusable: list[str] = field(default_factory=list)


def import_cache(root: Path, options: ImportOptions, progress: Progress) -> ImportedCache:
    """Import a cache; after a kill, another call imports the rest.

    Raises
    ------
    BadCacheError
        Raised if `root` is not a cache of this observatory, or its server_config is damaged.
    """
    catalog = load_catalog(root, observatory=settings.OBSERVATORY)
    eras, complaints = read_eras(catalog.config)
    mappings = [
        path for path in present_files(root, observatory=settings.OBSERVATORY) if is_mapping(path.name)
    ]
    findings = look_into(mappings, catalog, is_trusted=options.takes_unknown or bool(options.adopted))
    findings.known = read_database(root, observatory=settings.OBSERVATORY)
    first_use = findings.first_use((era.started_at, era.context) for era in eras)
    report = ledger.take_cache(root, catalog, findings, options, first_use=first_use, progress=progress)
    report.refused += complaints
    if findings.known.problem:
        report.refuse(DATABASE, findings.known.problem)
    imported = ImportedCache(report, eras=operations.adopt_eras(eras, user=options.user))
    _adopt_pointers(catalog, options, imported)
    _try_pointed_contexts(imported)
    return imported


def _adopt_pointers(catalog: CacheCatalog, options: ImportOptions, imported: ImportedCache) -> None:
    as_of = catalog.as_of or timezone.now()
    for pointer, context in read_pointers(catalog.config).items():
        if operations.adopt_pointer(pointer, context, as_of=as_of, user=options.user):
            imported.pointers.append(f"{pointer} is {context}")


def _try_pointed_contexts(imported: ImportedCache) -> None:
    """Load the contexts of the pointers, so that first requests are fast and operators see what fails."""
    for context in sorted({name for pointer in Pointer if (name := queries.find_pointed(pointer))}):
        try:
            queries.get_context(context)
        except CrdsError as exc:
            imported.unusable.append(str(exc))
    with contextlib.suppress(CrdsError):  # An unreadable latest context is in the report already.
        operations.renew_states()
