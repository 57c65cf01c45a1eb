"""The work of a child: certify, try, rewrite and insert. Only the child imports the library.

Notes
-----
Source: ``certify_files`` and ``check_rmap_updates`` in ``crds.certify.certify``. The order and the verdicts
are those of the library. The trial rmap is not, since the library keeps it at one path for all processes.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import time
from pathlib import Path
from typing import Any

from apps.certify import child_rewrite, child_rmaps, child_sizes
from apps.certify.child_reporter import Emit, Reporter
from apps.certify.dangerous_files import find_fault
from apps.certify.messages import CertifyJob, End, FileVerdict, Job, RmapMade, SynphotJob
from apps.certify.sandbox.restrictions import restrict
from apps.rules.naming.file_names import is_mapping


def prepare(observatory: str) -> None:
    """Import the packages that jobs need, and fill the tables that the libraries fill at their first use.

    Packages that an observatory needs may be missing; the library reports that when it needs them.
    """
    import asdf
    import astropy.io.fits
    import astropy.table
    import crds.certify.certify
    import crds.io.tables
    import crds.refactoring.refactor  # noqa: F401 (its import is what matters)
    from crds.certify import mapping_parser
    from crds.core import selectors, utils

    utils.get_locator_module(observatory)
    # The library makes its grammar when it reads the first mapping, which takes half a second.
    make = mapping_parser.parsley.makeGrammar
    mapping_parser.MAPPING_PARSER = make(mapping_parser.MAPPING_GRAMMAR, selectors.SELECTORS)
    asdf.AsdfFile({"meta": {}}).write_to(written := io.BytesIO())
    written.seek(0)
    with asdf.open(written):
        pass
    rows = astropy.io.fits.BinTableHDU(astropy.table.Table({"a": [1.0], "b": ["x"]}))
    astropy.table.Table.read(rows)
    if observatory == "jwst":
        with contextlib.suppress(ImportError):
            from stdatamodels.jwst import datamodels

            datamodels.ReferenceImageModel().to_flat_dict(include_arrays=False)
    _survive_name_comparison()


def _survive_name_comparison() -> None:
    """Replace the comparison of names: for names of different styles, the library warns and then crashes.

    If no rule compares the two styles, the first name counts as the newer one. So the only result is the
    warning of the library.
    """
    from crds.core import naming

    compare = naming.newer

    def newer(name1: str, name2: str) -> bool:
        try:
            return bool(compare(name1, name2))
        except UnboundLocalError:
            return True

    naming.newer = newer


def _compare_nothing(reporter: Reporter) -> None:
    """Check only the rows of new tables: the library compares them with old ones even if asked not to.

    Modes that a table has twice are still found.
    """
    from crds.certify import certify
    from crds.io import tables

    def check_alone(certifier: Any) -> None:
        for table in tables.tables(certifier.filename):
            certify.table_mode_dictionary("new reference", table, certifier.mode_columns)
        reporter.info("Skipping tables comparison, as asked.")

    certify.ReferenceCertifier.certify_reference_modes = check_alone


def _collect_young_garbage() -> None:
    """Limit garbage collection to young objects; the library collects about thirty times for each file.

    The objects of one file are young. To look at all objects took half of the time for a small file.
    """
    collect = gc.collect
    gc.collect = lambda generation=1: collect(1)


def do(job: Job, emit: Emit) -> None:
    """Do all parts of a job and report each step."""
    started = time.monotonic()
    restrict(job.limits)
    _collect_young_garbage()
    os.chdir(job.folder)
    os.environ["CRDS_PATH"] = str(Path(job.folder) / "cache")
    os.environ["TMPDIR"] = job.folder
    reporter = Reporter(job, emit)
    done: list[Any] = _do_synphot(job, reporter) if isinstance(job, SynphotJob) else _do_files(job, reporter)
    emit(End(sum(x.errors for x in done), sum(x.warnings for x in done), time.monotonic() - started))


def _do_synphot(job: SynphotJob, reporter: Reporter) -> list[Any]:
    from apps.certify import child_synphot

    return child_synphot.do(job, reporter)


def _do_files(job: CertifyJob, reporter: Reporter) -> list[Any]:
    if not job.is_compared:
        _compare_nothing(reporter)
    done: list[Any] = [_certify(path, job, reporter) for path in job.files]
    if job.is_tried:
        done += _try(job, done, reporter)
    if not any(step.errors for step in done):
        done += [child_rewrite.rewrite(order, reporter) for order in job.rewrites]
    if not any(step.errors for step in done):
        done += [child_rmaps.edit(order, job, reporter) for order in job.edits]
    return done


def _certify(path: str, job: CertifyJob, reporter: Reporter) -> FileVerdict:
    from crds.certify import certify

    name = Path(path).name
    if is_mapping(name):
        # Edits by hand leave an old checksum. That is only a warning, wherever the library reads it.
        os.environ["CRDS_IGNORE_MAPPING_CHECKSUM"] = "1"
    with reporter.counting(name) as count:
        fault = find_fault(path)
        if fault:
            reporter.error(f"In {name!r} : {fault}")
        else:
            certify.certify_file(
                path,
                job.context,
                observatory=job.observatory,
                original_name=name,
                dump_provenance=True,
                run_fitsverify=True,
            )
        errors, warnings = count()
        # The name of a mapping gives the type. For other files the library would read the content.
        instrument, filekind = ("", "") if fault and not is_mapping(name) else _properties(path, job)
        if errors and filekind and not is_mapping(name):
            child_rmaps.hint_at_missing(job.context, instrument, filekind, reporter)
        if errors and name.endswith(".fits"):
            child_sizes.hint_at_missing_bytes(path, reporter)
    verdict = FileVerdict(name, errors, warnings, instrument, filekind)
    reporter.emit(verdict)
    return verdict


def _properties(path: str, job: CertifyJob) -> tuple[str, str]:
    """Return the instrument and the reference type; empty if neither name nor content gives them."""
    from crds.core import utils

    try:
        instrument, filekind = utils.get_file_properties(job.observatory, path)
    except Exception:  # Readers of each format raise their own errors; certification has reported them.
        return "", ""
    return str(instrument).lower(), str(filekind).lower()


def _try(job: CertifyJob, verdicts: list[FileVerdict], reporter: Reporter) -> list[RmapMade]:
    """Insert all references on trial, unless a file has an error."""
    groups: dict[tuple[str, str], list[str]] = {}
    for path, verdict in zip(job.files, verdicts, strict=True):
        if not is_mapping(verdict.name):
            groups.setdefault((verdict.instrument, verdict.filekind), []).append(path)
    if groups and any(verdict.errors for verdict in verdicts):
        reporter.info("Skipping rmap update check due to certify errors above.")
        return []
    return [child_rmaps.trial(*kind, paths, job, reporter) for kind, paths in groups.items()]
