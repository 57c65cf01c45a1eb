"""`make` as a newcomer meets it: help, and refusals that end at once with the remedy."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.needs import PROJECT
from tests.patience import HANG

# Runs a script of the project as another Python, on another machine.
PRETEND = """
import os, runpy, shutil, sys
sys.modules["ensurepip"] = None
sys.executable = "/usr/bin/python3"
{changes}
sys.argv = ["install.py", {environment!r}, "requirements.txt"]
runpy.run_path("scripts/install.py", run_name="__main__")
"""


def make(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}
    return subprocess.run(
        ["make", f"PYTHON={sys.executable}", *words],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG,
    )


def install(environment: Path, changes: str) -> subprocess.CompletedProcess[str]:
    program = PRETEND.format(environment=str(environment), changes=changes)
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG,
    )


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_make_alone_prints_help() -> None:
    done = make()
    assert done.returncode == 0
    for target in ("run", "reset", "test", "lint"):
        assert f"make {target} " in done.stdout


@pytest.mark.parametrize("target", ["run", "reset"])
def test_a_port_that_is_taken_ends_it_at_once(target: str, taken: int) -> None:
    done = make(target, f"PORT={taken}")
    assert done.returncode != 0
    assert f"Port {taken} cannot be used: Address already in use. " in done.stderr
    assert "Preparing" not in done.stdout
    assert "Removing" not in done.stdout


def test_a_port_that_is_no_number_is_refused() -> None:
    assert "Port ten cannot be used: it is not a port number." in make("run", "PORT=ten").stderr


def test_an_address_that_nobody_can_type_is_refused() -> None:
    assert "make run HOST=name" in make("run", "HOST=0.0.0.0").stderr


def test_the_data_of_each_observatory_are_apart() -> None:
    printed = make("--dry-run", "run", "OBSERVATORY=hst", "HOST=calib.example.org").stdout
    assert f"{PROJECT}/var-hst" in printed
    assert "--bind 0.0.0.0" in printed
    assert f"rm -rf '{PROJECT}/var-hst'" in make("--dry-run", "reset", "OBSERVATORY=hst").stdout
    assert "--bind 127.0.0.1" in make("--dry-run", "run").stdout


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [
        (
            "sys.version_info = (3, 9, 2)",
            "Python 3.9 is too old: 3.11 is needed. Install one and run `make run",
        ),
        (
            "os.getuid = lambda: 1000; shutil.which = lambda name: None if name == 'sudo' else name",
            "python3-venv is missing, and so is sudo. Run as root: apt-get install python3-venv",
        ),
        ("shutil.which = lambda name: None", "This Python lacks the modules venv and ensurepip."),
        ("sys.executable = '/opt/python/bin/python3'", "This Python lacks the modules venv and ensurepip."),
    ],
)
def test_a_machine_that_cannot_make_environments_hears_the_remedy(
    changes: str, remedy: str, tmp_path: Path
) -> None:
    done = install(tmp_path / "environment", changes)
    assert done.returncode == 1
    assert done.stderr.startswith(remedy)
    assert done.stdout == ""
    assert not (tmp_path / "environment").exists()
