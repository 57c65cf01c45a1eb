"""Children of a runner: their start, their stop, and their deaths."""

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from apps.certify.errors import (
    BrokenCheckError,
    ChildAbortedError,
    ChildError,
    RefusedJobError,
    TimedOutError,
)
from apps.certify.messages import JOB_LIMITS, CertifyJob, Log, RmapEdit, decode, encode
from apps.certify.runner import Runner, runner_for
from apps.certify.sandbox.environment import child_environment
from tests.factories.certify import make_job, run_job, verdicts
from tests.patience import HANG, does_not_hang, wait_for
from tests.shared_data import sample_files

PROJECT = Path(__file__).resolve().parents[2]
DEAD = "s7g1700gl_dead.fits"


@pytest.fixture
def own(request: pytest.FixtureRequest) -> Iterator[Runner]:
    runner = Runner("hst")
    yield runner
    runner.close()


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make `fitsverify` hang as a child of the child, and return the file with its process number."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "fitsverify"
    program.write_text(
        f"#!/bin/sh\necho $$ > {folder}/pid.part; mv {folder}/pid.part {folder}/pid; sleep 3600\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder / "pid"


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"
    except FileNotFoundError:
        return False


def require_gone(pid: int) -> None:
    wait_for(lambda: not is_alive(pid), f"the end of {pid}")


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def kill_at(
    text: str, runner: Runner, job: CertifyJob, *, is_server: bool, by: signal.Signals = signal.SIGKILL
) -> None:
    """Run a job, and kill the server program or its child when the log contains `text`."""
    for event in runner.run(job):
        if isinstance(event, Log) and text in event.text:
            server = runner._server.process.pid  # type: ignore[union-attr]
            os.kill(server if is_server else children_of(server)[0], by)


def test_a_job_that_takes_too_long_is_killed_with_all_it_started(
    own: Runner, slow: Path, tmp_path: Path
) -> None:
    list(own.run(make_job(tmp_path / "warm", is_tried=False)))
    limits = replace(JOB_LIMITS, seconds=1)
    with does_not_hang(), pytest.raises(TimedOutError, match=f"longer than 1 s while it looked at {DEAD}"):
        list(own.run(make_job(tmp_path / "job", DEAD, limits=limits)))
    require_gone(int(slow.read_text()))


def test_a_job_is_stopped_when_somebody_asks(own: Runner, slow: Path, tmp_path: Path) -> None:
    with pytest.raises(ChildAbortedError, match=DEAD):
        list(own.run(make_job(tmp_path / "job", DEAD), is_aborted=slow.exists))
    require_gone(int(slow.read_text()))


def test_a_job_nobody_listens_to_is_killed(own: Runner, slow: Path, tmp_path: Path) -> None:
    events = own.run(make_job(tmp_path / "job", DEAD))
    for event in events:
        if isinstance(event, Log) and "Running fitsverify" in event.text:
            break
    wait_for(slow.exists, "the start of fitsverify")
    events.close()  # type: ignore[attr-defined]
    require_gone(int(slow.read_text()))


def test_a_child_that_somebody_kills_is_our_fault_and_the_next_job_runs(
    own: Runner, slow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ChildError, match=f"status -9 at {DEAD}"):
        kill_at("Running fitsverify", own, make_job(tmp_path / "job", DEAD), is_server=False)
    slow.with_name("fitsverify").write_text("#!/bin/sh\nexit 0\n")
    assert verdicts(run_job(own, make_job(tmp_path / "next", DEAD)))[DEAD].errors == 0


def test_when_the_program_dies_the_job_fails_and_the_next_one_starts_it_again(
    own: Runner, tmp_path: Path
) -> None:
    with pytest.raises(ChildError, match="program is gone"):
        kill_at("Certifying", own, make_job(tmp_path / "job", DEAD), is_server=True)
    assert verdicts(run_job(own, make_job(tmp_path / "next", DEAD)))[DEAD].errors == 0


def test_a_program_that_does_not_start_says_why(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho no science here >&2; exit 3\n")
    python.chmod(0o755)
    runner = Runner("hst", python=str(python))
    with pytest.raises(ChildError, match="no science here"):
        list(runner.run(make_job(tmp_path / "job", DEAD)))
    runner.close()


def test_nothing_is_left_of_a_worker_that_was_killed(slow: Path, tmp_path: Path) -> None:
    """The worker, its server, the child and its `fitsverify` are four processes; the worker is killed."""
    job = make_job(tmp_path / "job", DEAD)
    program = (
        "from apps.certify.messages import CertifyJob\n"
        "from apps.certify.runner import Runner\n"
        "from apps.certify.sandbox.limits import Limits\n"
        f"for event in Runner('hst').run({job!r}): pass\n"
    )
    worker = subprocess.Popen([sys.executable, "-c", program], cwd=PROJECT)
    wait_for(lambda: slow.exists() or worker.poll() is not None, "the start of fitsverify")
    assert worker.poll() is None
    (server,) = children_of(worker.pid)
    (child,) = children_of(server)
    worker.kill()
    worker.wait()
    for pid in (server, child, int(slow.read_text())):
        require_gone(pid)


def test_memory_is_bounded_and_the_file_is_told(own: Runner, tmp_path: Path) -> None:
    """With less memory than the imports took, the first allocation fails in any reader."""
    job = make_job(tmp_path / "job", "v8q14451j_idc.fits", limits=replace(JOB_LIMITS, memory=1 << 20))
    with contextlib.suppress(BrokenCheckError, ChildError):
        assert verdicts(list(own.run(job)))["v8q14451j_idc.fits"].errors > 0
    assert verdicts(run_job(own, make_job(tmp_path / "next", DEAD)))[DEAD].errors == 0


def test_no_secret_and_no_setting_reaches_a_child(tmp_path: Path) -> None:
    outside = {
        "PATH": "/bin",
        "DJANGO_SETTINGS_MODULE": "x",
        "SECRET_KEY": "x",
        "CRDS_PATH": "/elsewhere",
        "CELERY_BROKER_URL": "x",
        "OIDC_RP_CLIENT_SECRET": "x",
        "DATABASE_URL": "x",
        "PYTHONPATH": "/elsewhere",
    }
    made = child_environment("hst", home=tmp_path, outside=outside)
    assert made["PATH"] == "/bin"
    assert "serverless" in made["CRDS_SERVER_URL"]
    assert not {"x", "/elsewhere"} & set(made.values())


def test_a_process_whose_parent_died_first_ends_at_once(tmp_path: Path) -> None:
    """A parent that dies before its child asks to end with it leaves nobody who would end that child."""
    outlived = tmp_path / "outlived"
    program = (
        "import os, time\n"
        "from apps.certify.sandbox.restrictions import end_with_parent\n"
        "parent = os.getpid()\n"
        "if os.fork() == 0:\n"
        "    while os.getppid() == parent: time.sleep(0.01)\n"
        "    end_with_parent(parent)\n"
        f"    open({str(outlived)!r}, 'w').close()\n"
    )
    # The child holds the pipe of the output, so that `run` returns once both have ended.
    subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, cwd=PROJECT, timeout=HANG
    )
    assert not outlived.exists()


def test_a_child_reaches_no_network(tmp_path: Path) -> None:
    program = (
        "import socket; from apps.certify.sandbox.restrictions import stay_alone; stay_alone()\n"
        "for reach in (lambda: socket.create_connection(('127.0.0.1', 9), 1),\n"
        "              lambda: socket.getaddrinfo('example.org', 80)):\n"
        "    try: reach()\n"
        "    except ConnectionRefusedError as exc: print(exc)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PROJECT
    )
    assert done.stdout.count("reaches no network") == 2


def test_the_store_is_left_as_it_was(hst: Runner, tmp_path: Path) -> None:
    job = make_job(tmp_path / "job", DEAD)
    store = Path(job.store)
    before = sorted((path, path.stat().st_mtime_ns) for path in store.rglob("*"))
    run_job(hst, job)
    assert sorted((path, path.stat().st_mtime_ns) for path in store.rglob("*")) == before


@pytest.mark.parametrize(
    "facts",
    [
        {"files": ("/nowhere/x.fits",)},
        {"files": ("x.fits",)},
        {"files": (f"{sample_files()}/hst/../hst/.hidden.fits",)},
        {"files": (f"{sample_files()}/hst/{DEAD}",) * 2},
        {"context": "../hst_0700.pmap"},
        {"context": "hst_9999.pmap"},
        {"context": "hst_0700.fits"},
        {"edits": (RmapEdit("../x.rmap", "y.rmap"),)},
        {"edits": (RmapEdit("x.rmap", "/tmp/y.rmap"),)},  # noqa: S108
        {"observatory": "jwst"},
    ],
)
def test_what_makes_no_sense_is_refused_before_a_child_starts(facts: dict[str, Any], tmp_path: Path) -> None:
    runner = Runner("hst")
    with pytest.raises(RefusedJobError):
        runner.run(make_job(tmp_path / "job", **{"observatory": "hst", **facts}))
    assert runner._server is None


def test_jobs_and_events_survive_the_wire(tmp_path: Path) -> None:
    job = make_job(tmp_path / "job", DEAD, edits=(RmapEdit("a.rmap", "b.rmap", ("/x",), ("y",)),))
    assert CertifyJob.loads(job.dumps()) == job
    event = Log("INFO", "ümlaut\n\udcff", "x")
    assert decode(encode(event)) == event


@pytest.mark.parametrize(
    "line", [b"", b"nonsense", b"[]", b'{"type": "log"}', json.dumps({"type": "x"}).encode()]
)
def test_a_line_of_nonsense_is_our_error(line: bytes) -> None:
    with pytest.raises(ChildError):
        decode(line)


def test_a_process_keeps_one_runner_for_each_observatory() -> None:
    assert runner_for("hst") is runner_for("hst")
    assert runner_for("hst") is not runner_for("jwst")


def test_a_child_that_falls_over_a_file_names_it(own: Runner, slow: Path, tmp_path: Path) -> None:
    job = make_job(tmp_path / "job", DEAD)
    with pytest.raises(BrokenCheckError, match=f"{DEAD} ended the check abruptly") as caught:
        kill_at("Running fitsverify", own, job, is_server=False, by=signal.SIGSEGV)
    assert (caught.value.file, caught.value.detail) == (DEAD, "status -11")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EMFILE])
def test_a_full_or_broken_disk_is_not_an_error_of_the_file(
    number: int, own: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Log("ERROR", f"In 'a.fits' : [Errno {number}] {os.strerror(number)}: '/tmp/x'", DEAD)
    lines = own.run(make_job(tmp_path / "job", DEAD))
    monkeypatch.setattr("apps.certify.runner.decode", lambda _line: said)
    with pytest.raises(ChildError, match="met a fault of this machine"):
        list(lines)


def test_a_child_that_fills_too_much_together_with_its_programs_is_ended(
    own: Runner, slow: Path, tmp_path: Path
) -> None:
    """The program of the child stays below the limit of each process."""
    slow.with_name("fitsverify").write_text(
        f"#!{sys.executable}\nimport os, time\n"
        f"with open({str(slow)!r}, 'w') as stream: stream.write(str(os.getpid()))\n"
        "filled = bytearray(400 << 20)\nfilled[::4096] = b'x' * len(filled[::4096])\ntime.sleep(600)\n"
    )
    list(own.run(make_job(tmp_path / "warm", is_tried=False)))
    job = make_job(tmp_path / "job", DEAD, limits=replace(JOB_LIMITS, memory=500 << 20))
    with pytest.raises(BrokenCheckError, match=f"{DEAD} ended the check abruptly") as caught:
        list(own.run(job))
    assert "bytes of memory" in caught.value.detail
    require_gone(int(slow.read_text()))
