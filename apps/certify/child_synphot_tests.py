"""The integration tests of synthetic photometry, which check that delivered files fit all others.

Notes
-----
Source: ``crds.misc.synphot.integration_tests``, which makes these checks and messages; website, section 8.9.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from apps.certify.child_reporter import Reporter, trapped
from apps.certify.child_synphot_files import (
    GRAPH,
    OBSMODES,
    THERMAL,
    THERMAL_TABLE,
    THROUGHPUT,
    THROUGHPUT_TABLE,
    AbsentError,
    Delivered,
    context_names,
    table_path,
)
from apps.certify.messages import SynphotJob, SynphotVerdict
from apps.certify.sandbox.restrictions import end_with_parent

CORE_TEST, OBSMODE_TEST = "synphot core integration tests", "synphot obsmode integration tests"
ARGUMENTS = {
    GRAPH: "graph_file",
    THROUGHPUT_TABLE: "throughput_lookup_file",
    THERMAL_TABLE: "thermal_lookup_file",
    OBSMODES: "obsmodes_file",
}
AT_A_TIME = 10  # modes given to a process at once; one mode takes some hundredths of a second
REPORTED_EVERY = 200  # modes
NAMED = 10  # files on one line of the log


def test(job: SynphotJob, delivered: Delivered, reporter: Reporter) -> list[SynphotVerdict]:
    """Run both tests; the second one runs even if the first finds errors."""
    return [_core(job, delivered, reporter), _obsmodes(job, delivered, reporter)]


def _core(job: SynphotJob, delivered: Delivered, reporter: Reporter) -> SynphotVerdict:
    from crds.misc.synphot import SynphotCoreIntegrationTest

    checked = 0
    with reporter.counting(CORE_TEST) as count:
        tables = _tables((GRAPH, THROUGHPUT_TABLE, THERMAL_TABLE), job, delivered, reporter)
        is_run = tables is not None and _are_held(tables.values(), reporter)
        if tables is not None and is_run:
            with trapped(reporter, f"Exception in {CORE_TEST}"):
                made = SynphotCoreIntegrationTest(job.context, **_arguments(tables, delivered))
                checked = len(made.throughput_compname_to_path) + len(made.thermal_compname_to_path)
                made.check_filenames = partial(_check_filenames, made.check_filenames)
                made.run()
        errors, warned = count()
    return _emitted(SynphotVerdict(CORE_TEST, errors, warned, is_run, checked), reporter)


def _check_filenames(check: Any, description: str, lookup: Any, paths: dict[str, str]) -> bool:
    """Check only the rows whose component has a file.

    The library crashes on the others. It has already reported them, or counts them as a known exception.
    """
    return bool(check(description, [row for row in lookup if row["COMPNAME"] in paths], paths))


def _obsmodes(job: SynphotJob, delivered: Delivered, reporter: Reporter) -> SynphotVerdict:
    from crds.misc.synphot import SynphotObsmodeIntegrationTest

    checked, failed, is_run = 0, 0, False
    root = Path(job.folder) / "synphot"
    with reporter.counting(OBSMODE_TEST) as count:
        tables = _tables(tuple(ARGUMENTS), job, delivered, reporter)
        if tables is not None and _has_stsynphot(root, reporter):
            with trapped(reporter, f"Exception in {OBSMODE_TEST}"):
                made = SynphotObsmodeIntegrationTest(job.context, str(root), **_arguments(tables, delivered))
                components = {*made.throughput_compname_to_path.values()}
                components |= {*made.thermal_compname_to_path.values()}
                is_run = _are_held([*tables.values(), *components], reporter)
                if is_run:
                    made.link_or_copy = _link
                    made.populate_synphot_root()
                    modes = _modes(tables[OBSMODES])
                    checked, failed = _build_all(modes, root, job.processes, reporter)
        errors, warned = count()
    return _emitted(SynphotVerdict(OBSMODE_TEST, errors, warned, is_run, checked, failed), reporter)


def _emitted(verdict: SynphotVerdict, reporter: Reporter) -> SynphotVerdict:
    reporter.emit(verdict)
    return verdict


def _tables(
    reftypes: Iterable[str], job: SynphotJob, delivered: Delivered, reporter: Reporter
) -> dict[str, str] | None:
    """Return the path of each table, held or not; if the context lacks a type, report it and return None."""
    found: dict[str, str] = {}
    is_whole = True
    for reftype in (*reftypes, THROUGHPUT, THERMAL):
        try:
            if reftype in ARGUMENTS:
                found[reftype] = table_path(reftype, job, delivered)
            else:
                context_names(reftype, job)
        except AbsentError as exc:
            # Many contexts have no list of modes. That must not block a delivery of components.
            tell = reporter.warning if reftype == OBSMODES else reporter.error
            tell(str(exc))
            is_whole = False
    return found if is_whole else None


def _are_held(paths: Iterable[str], reporter: Reporter) -> bool:
    """Return whether this server holds all files, and report the missing ones."""
    needed = sorted(set(paths))
    missing = [Path(path).name for path in needed if not Path(path).is_file()]
    if missing:
        reporter.warning(
            f"Not run: this server does not hold {len(missing)} of the {len(needed)} files the test needs."
        )
        for start in range(0, len(missing), NAMED):
            reporter.info("Not held:", ", ".join(missing[start : start + NAMED]))
    return not missing


def _arguments(tables: dict[str, str], delivered: Delivered) -> dict[str, Any]:
    return {
        **{ARGUMENTS[reftype]: path for reftype, path in tables.items()},
        "delivered_throughput_files": list(delivered.get(THROUGHPUT, ())),
        "delivered_thermal_files": list(delivered.get(THERMAL, ())),
    }


def _has_stsynphot(root: Path, reporter: Reporter) -> bool:
    """Return whether stsynphot, which is optional, can be imported; later processes inherit the import."""
    # At its import stsynphot looks for its files and warns of missing ones. There are none yet.
    os.environ["PYSYN_CDBS"] = str(root)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import stsynphot  # noqa: F401 (its import is what matters)
    except ImportError as exc:
        why = "is not installed" if exc.name == "stsynphot" else f"cannot be imported ({exc})"
        reporter.warning(f"Not run: stsynphot {why}; requirements-synphot.txt names what this test needs.")
        return False
    return True


def _link(source: str, target: str) -> None:
    """Link a file into the scratch tree; several components may share one file."""
    if not Path(target).is_symlink():
        Path(target).symlink_to(source)


def _modes(path: str) -> list[str]:
    from astropy.io import fits

    with fits.open(path) as extensions:
        return [str(mode) for mode in extensions[-1].data["OBSMODE"]]


def _build_all(modes: Sequence[str], root: Path, processes: int, reporter: Reporter) -> tuple[int, int]:
    """Build all modes; return the number of modes tried and of those that failed."""
    done, failed = 0, 0
    if not modes:
        reporter.warning("There are no observation modes in the obsmodes table.")
    reporter.info(f"Creating bandpass objects from {len(modes)} observation modes")
    try:
        for is_built, errors, warned in _built(modes, root, processes):
            done, failed = done + 1, failed + (not is_built)
            for text in warned:
                reporter.warning(text)
            for text in errors:
                reporter.error(text)
            if done % REPORTED_EVERY == 0:
                reporter.info(f"{done} / {len(modes)} observation modes done")
    except BrokenProcessPool:
        near = modes[done : done + AT_A_TIME]
        reporter.error(f"A process died abruptly while it built mode {near[0]!r} or one shortly after it.")
        return done, failed + 1
    if failed:
        reporter.info(f"{failed} / {len(modes)} observation modes failed")
    return done, failed


def _built(modes: Sequence[str], root: Path, processes: int) -> Iterator[tuple[bool, list[str], list[str]]]:
    """Yield for each mode, in the order of `modes`: whether it was built, its errors and its warnings."""
    workers = min(processes or len(os.sched_getaffinity(0)), max(1, len(modes)))
    pool = ProcessPoolExecutor(
        workers, mp_context=get_context("fork"), initializer=_start_builder, initargs=(os.getpid(),)
    )
    with pool:
        yield from pool.map(partial(_build, str(root)), modes, chunksize=AT_A_TIME)


def _build(root: str, mode: str) -> tuple[bool, list[str], list[str]]:
    """Build one mode."""
    from crds.misc.synphot import integration_tests

    is_built, errors, warned = integration_tests._test_synphot_mode(root, mode)
    return is_built, errors, warned


def _start_builder(parent: int) -> None:
    """End a process with its parent, and silence it, because its log would mix with the parent's events."""
    end_with_parent(parent)
    logging.getLogger("CRDS").handlers.clear()
