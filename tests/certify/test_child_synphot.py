"""Synthetic photometry: checks of one file, new lookup tables, and the tests of the whole ensemble."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits

from apps.certify.child_synphot_tests import CORE_TEST, OBSMODE_TEST
from apps.certify.errors import ChildAbortedError, ChildError, RefusedJobError
from apps.certify.messages import decode, encode, load_job
from apps.certify.runner import (
    End,
    Event,
    Log,
    Runner,
    SynphotJob,
    SynphotVerdict,
    TableMade,
)
from apps.certify.sandbox import environment
from tests.certify.test_runner import children_of, require_gone
from tests.factories.certify import errors, make_job, run_job, verdicts
from tests.factories.synphot import (
    CONTEXT,
    MODES,
    NEW_THERMAL,
    NEW_THROUGHPUT,
    OLD_THERMAL,
    THROUGHPUTS,
    TMC,
    deliver,
    graph,
    lookup,
    make_ensemble,
    make_synphot_job,
    sample,
    write_table,
)
from tests.patience import HANG
from tests.shared_data import data_root, sample_files

# Runners take seconds to start, so one worker runs all of these tests.
# Factories cannot make a graph of photometry and its throughput tables.
pytestmark = [pytest.mark.xdist_group("synphot"), pytest.mark.needs("real-data")]

# The names of the modes say how it behaves. A file "absent" in its folder makes the import fail.
STAND_IN = """
import os, time, types, warnings
from pathlib import Path
if Path(__file__).with_name("absent").exists():
    raise ModuleNotFoundError("No module named 'stsynphot'", name="stsynphot")
conf = types.SimpleNamespace(rootdir="")
def band(mode):
    files = sorted(os.listdir(conf.rootdir + "/comp/acs")) + sorted(os.listdir(conf.rootdir + "/mtab"))
    if "die" in mode: os._exit(9)
    if "sleep" in mode: time.sleep(600)
    if "warn" in mode: warnings.warn("extrapolated " + ",".join(files))
    if "fail" in mode: raise ValueError("ambiguous")
"""


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packages") / "stsynphot"
    folder.mkdir()
    (folder / "__init__.py").write_text(STAND_IN)
    return folder


def start_acting(stand_in: Path) -> Runner:
    """Return a runner whose children import the stand-in for stsynphot."""
    runner = Runner("hst")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(environment, "PROJECT", f"{environment.PROJECT}{os.pathsep}{stand_in.parent}")
        runner.warm()
    return runner


@pytest.fixture(scope="module")
def acting(stand_in: Path) -> Iterator[Runner]:
    runner = start_acting(stand_in)
    yield runner
    runner.close()


@pytest.fixture(scope="module")
def real() -> Iterator[Runner]:
    """Return a runner whose children import the real stsynphot."""
    runner = Runner("hst", python=os.environ.get("CRDS_SYNPHOT_PYTHON", sys.executable))
    yield runner
    runner.close()


def run(runner: Runner, job: SynphotJob) -> list[Event]:
    events = list(runner.run(job))
    assert isinstance(events[-1], End)
    return events


def tables(events: list[Event]) -> dict[str, TableMade]:
    return {event.reftype: event for event in events if isinstance(event, TableMade)}


def results(events: list[Event]) -> dict[str, SynphotVerdict]:
    return {event.name: event for event in events if isinstance(event, SynphotVerdict)}


def said(events: list[Event], about: str, *levels: str) -> str:
    lines = [event for event in events if isinstance(event, Log) and event.about == about]
    return "\n".join(line.text for line in lines if not levels or line.level in levels)


# One file.


@pytest.mark.parametrize(
    ("of", "name", "expected"),
    [
        (NEW_THROUGHPUT, NEW_THROUGHPUT, ""),
        (NEW_THROUGHPUT, "acs_f555w_hrc_006_syn.fits", "New filename version (006) must exceed"),
        (NEW_THROUGHPUT, "acs_f555w_hrc_7_syn.fits", "Invalid filename: must end in _###_syn.fits"),
        (OLD_THERMAL, NEW_THERMAL, ""),
        (OLD_THERMAL, OLD_THERMAL, "New filename version (002) must exceed previous version (002)"),
        (OLD_THERMAL, "wfc3_ir_f098m_3_th.fits", "Invalid filename: must end in _###_th.fits"),
        ("43h1909cm_tmc.fits", "43h1909cm_tmc.fits", ""),
        ("tae17277m_tmt.fits", "tae17277m_tmt.fits", "FILENAME value at index 1 (missing or invalid path"),
    ],
)
def test_the_library_checks_each_file_in_our_child(
    hst: Runner, tmp_path: Path, of: str, name: str, expected: str
) -> None:
    events = certify(hst, tmp_path, deliver(tmp_path, name, of=of))
    assert verdicts(events)[name].errors == bool(expected)
    assert expected in errors(events)


def certify(runner: Runner, folder: Path, *files: Path, **facts: Any) -> list[Event]:
    """Certify files against the small context."""
    store = make_ensemble(folder / "store")
    job = make_job(folder / "job", *files, store=str(store), context=CONTEXT, is_tried=False, **facts)
    return run_job(runner, job)


@pytest.mark.parametrize(
    ("component", "expected"),
    [
        ("", "Header missing COMPNAME, unable to certify filename"),
        ("ACS_F555W_HRC", "is not satisfied"),
        ("acs_f555w_mjd", "Table is parametrized by mjd#, but includes only 0 columns"),
    ],
)
def test_a_component_without_proper_name_fails(
    hst: Runner, tmp_path: Path, component: str, expected: str
) -> None:
    path = deliver(tmp_path, NEW_THROUGHPUT, COMPNAME=component)
    assert expected in errors(certify(hst, tmp_path, path))


@pytest.mark.parametrize(
    ("column", "row", "value", "expected"),
    [
        ("INNODE", 6, 1000, "TMG contains rows with INNODE >= OUTNODE."),
        ("OUTNODE", 0, 25, "TMG contains disconnected rows at indexes: 1, 2, 3, 4, 5, 6"),
    ],
)
def test_a_graph_goes_forward_and_is_in_one_piece(
    hst: Runner, tmp_path: Path, column: str, row: int, value: int, expected: str
) -> None:
    columns = graph()
    columns[column][row] = value
    path = write_table(tmp_path / "new_tmg.fits", columns)
    assert expected in errors(certify(hst, tmp_path, path))


# New lookup tables.


def test_components_without_lookup_table_get_new_ones_that_certify(hst: Runner, tmp_path: Path) -> None:
    """Real tables, one of them with 2713 rows and under the name of another table of the context."""
    store = tmp_path / "store"
    (store / "references" / "hst").mkdir(parents=True)
    (store / "mappings").symlink_to(data_root() / "mappings")
    for name, of in (("35219360m_tmc.fits", "43h1909cm_tmc.fits"), ("3241637sm_tmt.fits", "")):
        (store / "references" / "hst" / name).symlink_to(sample(of or name))
    files = [deliver(tmp_path, NEW_THROUGHPUT, DESCRIP="shorter now"), deliver(tmp_path, "y9j16159l_hv.fits")]
    files += [deliver(tmp_path, NEW_THERMAL, of=OLD_THERMAL, COMPNAME="wfc3_ir_f999m")]
    job = make_synphot_job(tmp_path / "job", store, *files, context="hst_0700.pmap", is_regenerated=True)
    made = tables(run(hst, job))
    assert set(made) == {"tmctab", "tmttab"}
    assert all((table.errors, Path(table.path).name) == (0, table.name) for table in made.values())
    old, (new, primary) = table_rows(sample("43h1909cm_tmc.fits"))[0], table_rows(made["tmctab"].path)
    assert len(new) == len(old)
    changed = [row for row in new if row not in old]
    assert [row[1:] for row in changed] == [("acs_f555w_hrc", f"cracscomp${NEW_THROUGHPUT}", "shorter now")]
    assert (primary["INSTRUME"], primary["DBTABLE"]) == ("HST", "CRCOMPLIST")
    assert "Updated throughput tables for ACS" in str(primary["HISTORY"])
    thermal, _ = table_rows(made["tmttab"].path)
    assert len(thermal) == 141
    assert [row[1] for row in thermal] == sorted(row[1] for row in thermal)
    assert ("wfc3_ir_f999m", f"crwfc3comp${NEW_THERMAL}") in [row[1:3] for row in thermal]
    paths = [table.path for table in made.values()]
    checked = make_job(tmp_path / "check", *paths, store=str(store), is_compared=False)
    assert all(verdict.errors == 0 for verdict in verdicts(run_job(hst, checked)).values())


def table_rows(path: str | Path) -> tuple[list[tuple[str, ...]], fits.Header]:
    with fits.open(path) as extensions:
        return [tuple(map(str, row)) for row in extensions[1].data], extensions[0].header.copy()


def test_two_instruments_are_both_named_in_the_history(hst: Runner, tmp_path: Path) -> None:
    store = make_ensemble(tmp_path / "store")
    ota = deliver(tmp_path, "hst_ota_008_syn.fits", of="hst_ota_007_syn.fits")
    job = make_synphot_job(
        tmp_path / "job", store, ota, deliver(tmp_path, NEW_THROUGHPUT), is_regenerated=True
    )
    _, primary = table_rows(tables(run(hst, job))["tmctab"].path)
    assert "Updated throughput tables for ACS and OTA" in str(primary["HISTORY"])


def test_nothing_is_made_for_what_comes_with_its_table_or_is_no_component(
    hst: Runner, tmp_path: Path
) -> None:
    store = make_ensemble(tmp_path / "store")
    table = write_table(tmp_path / "new_tmc.fits", lookup(THROUGHPUTS))
    torn = tmp_path / "torn.fits"
    torn.write_bytes(sample(NEW_THROUGHPUT).read_bytes()[:100])
    others = [torn, sample_files() / "hst" / "s7g1700gl_dead.fits", sample_files() / "hst" / "valid.r1h"]
    component = deliver(tmp_path, NEW_THROUGHPUT)
    for number, files in enumerate(((component, table), others, ())):
        folder = tmp_path / f"{number}"
        assert len(run(hst, make_synphot_job(folder, store, *files, is_regenerated=True))) == 1
        assert not (folder / "generated").exists()


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("unheld", f"it continues '{TMC}' of hst_9001.pmap, and this server does not hold that file."),
        ("torn", "Failed generating tmctab"),
        ("nameless", f"'{NEW_THROUGHPUT}' has no COMPNAME in its first header."),
        ("double", f"Both '{NEW_THROUGHPUT}' and 'other_008_syn.fits' are component 'acs_f555w_hrc'."),
        ("early", "hst_0001.pmap has no rmap for type 'tmctab' of synphot."),
    ],
)
def test_a_table_that_cannot_be_made_says_why(hst: Runner, tmp_path: Path, fault: str, expected: str) -> None:
    store = make_ensemble(tmp_path / "store")
    table = store / "references" / "hst" / TMC
    files = [deliver(tmp_path, NEW_THROUGHPUT, **({"COMPNAME": " "} if fault == "nameless" else {}))]
    context = CONTEXT
    if fault == "unheld":
        table.unlink()
    if fault == "torn":
        table.write_bytes(table.read_bytes()[:3000])
    if fault == "double":
        files.append(deliver(tmp_path, "other_008_syn.fits", of=NEW_THROUGHPUT))
    if fault == "early":
        store, context = data_root(), "hst_0001.pmap"
    job = make_synphot_job(
        tmp_path / "job", store, *files, context=context, is_regenerated=True, is_tested=True
    )
    events = run(hst, job)
    made = tables(events)["tmctab"]
    assert (made.path, made.errors) == ("", 1)
    assert expected in said(events, made.name, "ERROR")
    assert str(tmp_path) not in said(events, made.name)
    assert not results(events)


# The whole ensemble.


@pytest.mark.needs("stsynphot")
def test_a_delivery_with_its_new_table_passes_both_tests(real: Runner, tmp_path: Path) -> None:
    store = make_ensemble(tmp_path / "store")
    file = deliver(tmp_path, NEW_THROUGHPUT)
    events = run(real, make_synphot_job(tmp_path / "job", store, file, is_regenerated=True, is_tested=True))
    core, obsmodes = results(events)[CORE_TEST], results(events)[OBSMODE_TEST]
    assert (core.errors, core.is_run, core.checked) == (0, True, 8), said(events, CORE_TEST)
    assert (obsmodes.errors, obsmodes.is_run, obsmodes.checked, obsmodes.failed) == (0, True, 2, 0)
    tree = tmp_path / "job" / "synphot"
    assert (tree / "comp" / "acs" / NEW_THROUGHPUT).resolve() == file
    assert (tree / "mtab" / "test_tmc.fits").read_bytes() == Path(tables(events)["tmctab"].path).read_bytes()


@pytest.mark.needs("stsynphot")
def test_the_true_library_names_the_modes_it_cannot_build(real: Runner, tmp_path: Path) -> None:
    store = make_ensemble(tmp_path / "store", modes=[*MODES, "acs,hrc,f999w", "acs,hrc,f220w,mjd#53000"])
    file = deliver(tmp_path, NEW_THROUGHPUT)
    events = run(real, make_synphot_job(tmp_path / "job", store, file, is_tested=True))
    assert (results(events)[OBSMODE_TEST].checked, results(events)[OBSMODE_TEST].status) == (4, "ERRORS")
    faults = said(events, OBSMODE_TEST, "ERROR")
    assert "Exception from stsynphot with obsmode 'acs,hrc,f999w'" in faults
    # The table of the context still names the old file, which no longer exists.
    assert "Exception from stsynphot with obsmode 'acs,hrc,f555w'" in faults
    assert str(tmp_path) not in faults


def test_the_core_test_finds_what_does_not_fit(acting: Runner, tmp_path: Path) -> None:
    """A delivery without its table, and two components that are not in the graph of the context."""
    store = make_ensemble(tmp_path / "store")
    files = [deliver(tmp_path, NEW_THROUGHPUT)]
    files.append(deliver(tmp_path, "acs_f999w_hrc_001_syn.fits", of=NEW_THROUGHPUT, COMPNAME="acs_f999w_hrc"))
    extra = lookup({**THROUGHPUTS, "acs_f998w_hrc": "acs_f998w_hrc_001_syn.fits"})
    (store / "references" / "hst" / TMC).unlink()
    write_table(store / "references" / "hst" / TMC, extra)
    events = run(acting, make_synphot_job(tmp_path / "job", store, *files, is_tested=True))
    assert results(events)[CORE_TEST].status == "ERRORS"
    assert results(events)[OBSMODE_TEST].is_run
    assert said(events, CORE_TEST, "ERROR").splitlines() == [
        "Components present in TMC COMPNAME but missing from TMG COMPNAME: acs_f998w_hrc",
        "Components present in throughput table COMPNAME but missing from TMG COMPNAME: acs_f999w_hrc",
        f"Malformed TMC filename, expected 'cracscomp${NEW_THROUGHPUT}', "
        "found 'cracscomp$acs_f555w_hrc_006_syn.fits'",
    ]


def test_real_tables_that_belong_together_pass_the_core_test(acting: Runner, tmp_path: Path) -> None:
    """Graph and lookup tables of one day agree; the context is older and has other components."""
    files = [sample("41g16069m_tmg.fits"), sample("43h1909cm_tmc.fits"), sample("3241637sm_tmt.fits")]
    job = make_synphot_job(tmp_path / "job", data_root(), *files, context="hst_0700.pmap", is_tested=True)
    events = run(acting, job)
    faults = said(events, CORE_TEST, "ERROR")
    assert results(events)[CORE_TEST].is_run
    assert "TMC COMPNAME but missing from TMG" not in faults
    assert "TMG COMPNAME but missing from TMC" not in faults
    warned = said(events, OBSMODE_TEST, "WARNING")
    assert "hst_0700.pmap has no rmap for type 'obsmodes' of synphot." in warned
    assert not results(events)[OBSMODE_TEST].is_run


def test_each_mode_is_built_and_its_fate_reported(acting: Runner, tmp_path: Path) -> None:
    modes = [*(f"mode {number}" for number in range(450)), "fail", "warn"]
    store = make_ensemble(tmp_path / "store", modes=modes)
    file = deliver(tmp_path, NEW_THROUGHPUT)
    events = run(acting, make_synphot_job(tmp_path / "job", store, file, is_tested=True))
    verdict = results(events)[OBSMODE_TEST]
    assert (verdict.checked, verdict.failed, verdict.errors, verdict.warnings) == (452, 1, 1, 1)
    text = said(events, OBSMODE_TEST)
    assert "Exception from stsynphot with obsmode 'fail': ValueError('ambiguous')" in text
    assert "200 / 452 observation modes done" in text
    assert "400 / 452 observation modes done" in text
    seen = said(events, OBSMODE_TEST, "WARNING")
    assert NEW_THROUGHPUT in seen
    assert THROUGHPUTS["acs_f555w_hrc"] not in seen
    assert "test_tmc.fits,test_tmg.fits,test_tmt.fits" in seen


def test_without_stsynphot_the_modes_are_not_built_and_that_is_said(
    acting: Runner, stand_in: Path, tmp_path: Path
) -> None:
    store = make_ensemble(tmp_path / "store")
    (stand_in / "absent").touch()
    job = make_synphot_job(tmp_path / "job", store, deliver(tmp_path, NEW_THROUGHPUT), is_tested=True)
    try:
        events = run(acting, job)
    finally:
        (stand_in / "absent").unlink()
    verdict = results(events)[OBSMODE_TEST]
    assert (verdict.is_run, verdict.status) == (False, "Warnings")
    assert "Not run: stsynphot is not installed" in said(events, OBSMODE_TEST, "WARNING")
    assert results(events)[CORE_TEST].is_run


def test_what_the_server_does_not_hold_is_listed_and_fails_nothing(acting: Runner, tmp_path: Path) -> None:
    store = make_ensemble(tmp_path / "store")
    for name in (TMC, "hst_ota_007_syn.fits", "acs_f555w_hrc_006_syn.fits"):
        (store / "references" / "hst" / name).unlink()
    job = make_synphot_job(tmp_path / "job", store, deliver(tmp_path, NEW_THROUGHPUT), is_tested=True)
    events = run(acting, job)
    assert [(result.is_run, result.status) for result in results(events).values()] == [
        (False, "Warnings")
    ] * 2
    assert "does not hold 1 of the 3 files" in said(events, CORE_TEST, "WARNING")
    # The old file of the delivered component does not count as missing.
    assert "does not hold 2 of the 12 files" in said(events, OBSMODE_TEST, "WARNING")
    assert f"Not held: {TMC}, hst_ota_007_syn.fits" in said(events, OBSMODE_TEST, "INFO")


def test_a_context_without_a_type_fails_and_the_cure_is_told(acting: Runner, tmp_path: Path) -> None:
    store = make_ensemble(tmp_path / "store", is_obsmodes_typed=False)
    files = [deliver(tmp_path, NEW_THROUGHPUT)]
    files += [write_table(tmp_path / f"{name}_tmg.fits", graph()) for name in "ab"]
    events = run(acting, make_synphot_job(tmp_path / "job", store, *files, is_tested=True))
    assert [(result.is_run, result.status) for result in results(events).values()] == [(False, "ERRORS")] * 2
    faults = said(events, OBSMODE_TEST, "ERROR")
    assert "There must be one tmgtab, and there are 2: a_tmg.fits, b_tmg.fits." in faults
    # Many contexts never had a list of modes. That alone must not block a delivery of components.
    warned = said(events, OBSMODE_TEST, "WARNING")
    assert "has no rmap for type 'obsmodes' of synphot. Submit a first rmap" in warned


def test_a_mode_that_kills_its_process_is_an_error(acting: Runner, tmp_path: Path) -> None:
    store = make_ensemble(tmp_path / "store", modes=["well", "die"])
    job = make_synphot_job(tmp_path / "job", store, deliver(tmp_path, NEW_THROUGHPUT), is_tested=True)
    events = run(acting, job)
    assert results(events)[OBSMODE_TEST].status == "ERRORS"
    assert "A process died abruptly while it built mode" in said(events, OBSMODE_TEST, "ERROR")


def test_an_empty_table_of_modes_is_warned_of(acting: Runner, tmp_path: Path) -> None:
    store = make_ensemble(tmp_path / "store", modes=[])
    job = make_synphot_job(tmp_path / "job", store, deliver(tmp_path, NEW_THROUGHPUT), is_tested=True)
    assert results(run(acting, job))[OBSMODE_TEST].status == "Warnings"


@pytest.mark.parametrize("end", ["abort", "kill"])
def test_no_process_that_builds_modes_outlives_its_job(stand_in: Path, tmp_path: Path, end: str) -> None:
    """Somebody stops the job, or the program that holds the library dies."""
    store = make_ensemble(tmp_path / "store", modes=["sleep"] * 40)
    job = make_synphot_job(tmp_path / "job", store, deliver(tmp_path, NEW_THROUGHPUT), is_tested=True)
    runner, found = start_acting(stand_in), list[int]()
    events = runner.run(job, is_aborted=lambda: end == "abort" and bool(found))
    for event in events:
        if isinstance(event, Log) and "Creating bandpass objects" in event.text:
            found += family(runner)
            break
    if end == "kill":
        os.kill(runner._server.process.pid, signal.SIGKILL)  # type: ignore[union-attr]
    with pytest.raises(ChildAbortedError if end == "abort" else ChildError):
        list(events)
    assert len(found) == 3
    for pid in found:
        require_gone(pid)
    runner.close()


def family(runner: Runner) -> list[int]:
    """Wait for the two processes that build modes; return them after the child of the runner."""
    (child,) = children_of(runner._server.process.pid)  # type: ignore[union-attr]
    deadline = time.monotonic() + HANG
    while len(found := children_of(child)) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return [child, *found]


# The wire.


def test_the_new_job_and_its_events_survive_the_wire(tmp_path: Path) -> None:
    job = make_synphot_job(tmp_path / "job", tmp_path, Path("/x/a_001_syn.fits"), is_tested=True)
    assert load_job(job.dumps()) == job
    other = make_job(tmp_path / "other", "s7g1700gl_dead.fits")
    assert load_job(other.dumps()) == other
    for event in (TableMade("n", "p", "tmctab", 0, 1), SynphotVerdict("n", 1, 2, True, 3, 4)):
        assert decode(encode(event)) == event


@pytest.mark.parametrize(
    "facts", [{"context": "hst_0700.fits"}, {"files": ("/nowhere/x.fits",)}, {"observatory": "jwst"}]
)
def test_a_job_that_makes_no_sense_is_refused(facts: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(RefusedJobError):
        Runner("hst").run(make_synphot_job(tmp_path / "job", data_root(), **facts))
