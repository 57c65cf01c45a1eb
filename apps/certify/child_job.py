"""The work of a child: certify, try, rewrite and insert. Only the child imports the library.

Notes
-----
Source: ``certify_files`` and ``check_rmap_updates`` in ``crds.certify.certify``. The order and the verdicts
are those of the library. The trial rmap is not, since the library keeps it at one path for all processes.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from apps.certify import child_library, child_rewrite, child_rmaps, child_sizes
from apps.certify.child_reporter import Emit, Reporter
from apps.certify.dangerous_files import find_fault
from apps.certify.messages import CertifyJob, End, FileVerdict, Job, RmapMade, SynphotJob
from apps.certify.sandbox.restrictions import restrict
from apps.rules.naming.file_names import is_mapping


def do(job: Job, emit: Emit) -> None:
    """Do all parts of a job and report each step."""
    started = time.monotonic()
    restrict(job.limits)
    child_library.collect_young_garbage()
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
        child_library.compare_nothing(reporter)
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
