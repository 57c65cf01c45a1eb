"""The README is true: its blocks are run in order, and print what it shows.

``…`` stands for any text in a line, and alone for any number of lines. Addresses and folders that the README
makes up are replaced by those of the test.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.factories.web_forms import Visitor
from tests.live import free_port
from tests.needs import PROJECT, client_python
from tests.roots import environment_for, filled_root
from tests.shared_data import made_cache

README = (PROJECT / "README.md").read_text()
BLOCKS = re.findall(r"^```\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
PATIENCE = 180  # seconds
END = "end of the output, status "
CURL = """#!{python}
import sys, urllib.request
arguments = [word for word in sys.argv[1:] if word != "-s"]
body = arguments.pop(arguments.index("-d") + 1).encode()
sys.stdout.write(urllib.request.urlopen(arguments[0], body).read().decode())
"""


@dataclass
class Demo:
    """The demo as `make run` serves it, and the folder of the newcomer who tries it."""

    url: str
    home: Path
    root: Path
    log: Path
    environment: dict[str, str]

    def password(self, name: str) -> str:
        """Return a password that was printed at the start."""
        found = re.search(rf"Log in at \S+ as {name} \(\w+\) with password (\S+)", self.log.read_text())
        assert found, self.log.read_text()
        return found[1]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """Run `make run` on a free port, with data that are filled already, as at its second start."""
    port = free_port()
    home, root, log = tmp_path / "home", tmp_path / "var", tmp_path / "run.log"
    home.mkdir()
    with filled_root("jwst", root, fill=("seed_demo",)) as database_url:
        environment = environment_for("jwst", root, database_url) | {"WARM_UP": "0"}
        # The suite runs in environments that are complete.
        command = ["make", "-o", ".venv/.ready", "run", f"PORT={port}", f"PYTHON={sys.executable}"]
        command += [f"PY={sys.executable}"]
        with log.open("w") as stream:
            process = subprocess.Popen(
                command, cwd=PROJECT, env=environment, stdout=stream, stderr=subprocess.STDOUT
            )
        try:
            wait_for(f"http://localhost:{port}/healthz", process, log)
            yield Demo(f"http://localhost:{port}", home, root, log, environment)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(40)


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"the server did not answer; it said:\n{log.read_text()}")


class Shell:
    """The newcomer's shell, in which variables stay set."""

    def __init__(self, demo: Demo) -> None:
        tools = demo.home / "bin"
        tools.mkdir()
        if not shutil.which("curl"):
            (tools / "curl").write_text(CURL.format(python=sys.executable))
            (tools / "curl").chmod(0o755)
        path = f"{client_python().parent}:{tools}:{os.environ['PATH']}"
        # Both streams come in the order of a terminal.
        environment = {"PATH": path, "HOME": str(demo.home), "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"}
        self._process = subprocess.Popen(
            ["bash"],
            cwd=demo.home,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: str) -> str:
        """Return what a command prints; it must end well."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{command}\necho; echo {END}$?\n")
        self._process.stdin.flush()
        lines: list[str] = []
        for line in self._process.stdout:
            if line.startswith(END):
                assert line == f"{END}0\n", f"{command}\n{''.join(lines)}"
                return "".join(lines).strip()
            lines.append(line)
        raise AssertionError(f"the shell ended at {command}\n{''.join(lines)}")

    def close(self) -> None:
        """End the shell."""
        self._process.communicate()


@pytest.fixture
def shell(demo: Demo) -> Iterator[Shell]:
    shell = Shell(demo)
    yield shell
    shell.close()


def steps(block: str) -> Iterator[tuple[str, str]]:
    """Yield the commands of a block and what each prints; a command goes on until its quotes are closed."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        lines = part.splitlines(keepends=True)
        count = next(
            number for number in range(1, len(lines) + 1) if "".join(lines[:number]).count("'") % 2 == 0
        )
        yield "".join(lines[:count]).strip(), "".join(lines[count:]).strip()


def pattern(expected: str) -> str:
    """Return the expression that an output matches which the README shows."""
    return "".join(
        "(?:.*\n)*" if line == "…" else ".*".join(map(re.escape, re.split(r" ?… ?", line))) + "\n"
        for line in expected.splitlines()
    )


def test_a_wildcard_stands_for_text_or_lines() -> None:
    assert re.fullmatch(pattern("a … d\n…\nz"), "a b d\nx\ny\nz\n")
    assert re.fullmatch(pattern("a\n…\nz"), "a\nz\n")
    assert not re.fullmatch(pattern("a\n…\nz"), "a\nb\n")
    assert not re.fullmatch(pattern("a"), "a\nb\n")


def test_the_commands_of_a_block_are_found() -> None:
    block = "$ export A=1\n$ python -c '\nprint(1)'\n1\n\n$ crds list\na\nb\n"
    assert list(steps(block)) == [("export A=1", ""), ("python -c '\nprint(1)'", "1"), ("crds list", "a\nb")]


def test_what_it_says_to_install_is_what_the_suite_has() -> None:
    required = (PROJECT / "requirements-client.in").read_text().split("\n")
    installed = re.search(r"`pip install ([^`]*)`, in an environment of its own", README)
    assert installed
    assert installed[1].replace("'", "").split() == [
        line for line in required if line and not line.startswith("#")
    ]


@pytest.mark.beyond_bare
def test_its_blocks_print_what_it_shows(demo: Demo, shell: Shell) -> None:
    """Walk through it: questions, a delivery by forms, one by the client, and the affected datasets."""
    after: dict[str, Callable[[], None]] = {
        "my_other_flat.fits": lambda: deliver_by_forms(demo),
        "crds submit": lambda: set_latest(demo, shell),
    }
    count = 0
    for block in filter(lambda block: block.startswith("$ "), BLOCKS):
        for command, expected in steps(adapted(block, demo)):
            printed = shell.run(command)
            assert re.fullmatch(pattern(expected), printed + "\n" * bool(printed)), (
                f"$ {command}\nprinted\n{printed}\nand not\n{expected}"
            )
            count += 1
        for word in [word for word in after if word in block]:
            after.pop(word)()
    assert count > 10
    assert not after


def adapted(text: str, demo: Demo) -> str:
    """Return text of the README with the addresses and secrets of the test."""
    text = text.replace("http://localhost:8000", demo.url).replace("/home/me", str(demo.home))
    return text.replace("MAST_API_TOKEN=…", f"MAST_API_TOKEN={demo.password('demo_submitter')}")


def deliver_by_forms(demo: Demo) -> None:
    """Do what the README tells people to do in a browser."""
    visitor = Visitor(demo.url)
    visitor.log_in("demo_submitter", demo.password("demo_submitter"), instrument="miri")
    page = "/batch_submit_references/"
    with (demo.home / "my_flat.fits").open("rb") as stream:
        visitor.send(page, "files", files={"files": stream})
    told = visitor.send(page, "description", creator="MIRI Team", description="A flat of F560W for 2026")
    result = re.search(r"/display_result/[0-9a-f-]+", told.url + told.text)
    assert result, told.text
    until = time.monotonic() + PATIENCE
    while 'value="confirm"' not in (shown := visitor.read(result[0])):
        assert time.monotonic() < until, shown
        time.sleep(1)
    assert "jwst_miri_flat_0016.fits" in shown
    assert "jwst_miri_flat_0004.rmap" in shown
    confirmed = visitor.send(result[0], "button", button="confirm")
    assert "jwst_0006.pmap" in confirmed.text


def set_latest(demo: Demo, shell: Shell) -> None:
    """Do what the README tells an operator to do, and wait for the worker."""
    visitor = Visitor(demo.url)
    visitor.log_in("demo_operator", demo.password("demo_operator"))
    visitor.send("/set_context/", "context_type", context_type="latest", reason="Flats of MIRI")
    until = time.monotonic() + PATIENCE
    while not shell.run("crds query_affected -x 4 -y 5 2>/dev/null || true"):
        assert time.monotonic() < until, visitor.read("/reprocessing/")


def other_commands() -> list[str]:
    """Return the commands of the blocks that show no output: those of `make`, installing and an operator."""
    blocks = (block for block in BLOCKS if not block.startswith("$ "))
    lines = (line.partition("#")[0].strip() for block in blocks for line in block.splitlines())
    return [line for line in lines if line]


def test_its_targets_and_lists_of_packages_exist() -> None:
    """Only look for them; running and installing is left to `make`."""
    installing = [command for command in other_commands() if "pip install" in command]
    making = [command for command in other_commands() if command.startswith("make ")]
    assert installing
    assert making
    for command in installing:
        assert (PROJECT / command.split()[-1]).is_file(), command
    for command in making:
        dry = ["make", "-n", *command.split()[1:]]
        done = subprocess.run(dry, cwd=PROJECT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


@pytest.mark.beyond_bare
def test_its_commands_for_operators_do_what_they_say(tmp_path: Path) -> None:
    """Import a cache, serve it, and make an account."""
    port = free_port()
    (tmp_path / "exposures.jsonl").write_text(
        json.dumps({"id": "J8BT05NJQ:J8BT05NJQ", "header": {"INSTRUME": "ACS", "DATE-OBS": "2002-04-13"}})
    )
    made_up = {
        ".venv/bin/python": sys.executable,
        "/path/to/cache": str(made_cache()),
        "/data/hst": str(tmp_path / "hst"),
        "exposures.jsonl": str(tmp_path / "exposures.jsonl"),
        "--port 8001": f"--port {port}",
    }
    commands = [command for command in other_commands() if "manage.py" in command]
    assert len(commands) > 4
    with filled_root("jwst", tmp_path / "var") as database_url:
        demo = environment_for("jwst", tmp_path / "var", database_url)
        # The block gives this server its own data; its database is the SQLite file there.
        own = {name: value for name, value in demo.items() if name != "DATABASE_URL"}
        for command in commands:
            environment = own if "DATA_ROOT=" in command else demo
            for word, found in made_up.items():
                command = command.replace(word, found)
            if " up " in command:
                serve(command, environment, port, tmp_path / "up.log")
            else:
                run_here(command, environment)


def run_here(command: str, environment: dict[str, str]) -> None:
    """Run a command in the project's folder; it must end well."""
    done = subprocess.run(
        ["bash", "-c", command], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def serve(command: str, environment: dict[str, str], port: int, log: Path) -> None:
    with log.open("w") as stream:
        process = subprocess.Popen(
            ["bash", "-c", f"{command.replace(sys.executable, 'exec ' + sys.executable)}"],
            cwd=PROJECT,
            env=environment,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(f"http://localhost:{port}/", process, log)
        home = urllib.request.urlopen(f"http://localhost:{port}/").read().decode()
        assert "hst_0729.pmap" in home
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)
