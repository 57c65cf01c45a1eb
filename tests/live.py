"""A real server on a free port, with a data root and a database of its own."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

PROJECT = Path(__file__).resolve().parent.parent
PATIENCE = 60  # seconds a server may take to answer for the first time


@dataclass
class LiveServer:
    """The address of a running server and the environment its commands need."""

    observatory: str
    root: Path
    port: int
    environment: dict[str, str] = field(repr=False)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def manage(self, *arguments: str) -> str:
        """Run a management command beside the server and return what it printed."""
        return manage(self.environment, *arguments)


def manage(environment: dict[str, str], *arguments: str, check: bool = True) -> str:
    """Run a management command and return its output, both streams."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if check and done.returncode:
        raise AssertionError(f"manage.py {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


@contextlib.contextmanager
def live_server(observatory: str, root: Path, *, fill: tuple[str, ...] = ()) -> Iterator[LiveServer]:
    """Fill a fresh server by one management command and run it until the block ends."""
    with _database(observatory, root) as database_url:
        port = _free_port()
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CRDS_")},
            "OBSERVATORY": observatory,
            "DATA_ROOT": str(root),
            "DATABASE_URL": database_url,
            "PUBLIC_URL": f"http://localhost:{port}",
            "DJANGO_SETTINGS_MODULE": "crds_server.settings",
            "HEARTBEAT_SECONDS": "1",
            "WARM_UP": "0",  # Most servers of the suite never see a submission.
            "SERVER_STRING": f"test-{secrets.token_hex(4)}",  # Its own queue, where the broker is shared.
        }
        manage(environment, "migrate", "--verbosity", "0")
        if fill:
            manage(environment, *fill)
        with running(environment, port):
            yield LiveServer(observatory, root, port, environment)


@contextlib.contextmanager
def running(environment: dict[str, str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``manage.py up`` until the block ends, and insist that it ends well."""
    log = Path(environment["DATA_ROOT"]) / "up.log"
    with log.open("ab") as stream:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", str(port)],
            cwd=PROJECT,
            env=environment,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_it_answers(process, port, log)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(40)
    assert status == 0, log.read_text()


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://localhost:{port}/healthz", timeout=5).close()
            return
        time.sleep(0.1)
    raise AssertionError(f"the server did not answer; it said:\n{log.read_text()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _database(observatory: str, root: Path) -> Iterator[str]:
    """Yield the address of an empty database of the kind that DATABASE_URL names."""
    given = os.environ.get("DATABASE_URL", "")
    if not given.startswith("postgres"):
        root.mkdir(parents=True, exist_ok=True)
        yield f"sqlite:///{root}/crds.sqlite3"
        return
    name = f"crds_live_{observatory}_{secrets.token_hex(4)}"
    with psycopg.connect(given, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield urlsplit(given)._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(given, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
