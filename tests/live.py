"""A real server on a free port, with a data root and a database of its own.

With ``--production=folder`` or ``bucket`` it is the processes of `deploy/` behind nginx with TLS, where the
test asks for no proxy of its own; see `tests.deploy.production`.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

from tests.patience import HANG
from tests.roots import PROJECT, environment_for, filled_root
from tests.warm_python import WarmPython

PRODUCTION = "CRDS_TESTS_PRODUCTION"  # The variable that tells every process of a run of the suite.
# A management command spends its time on these two imports.
PREPARATIONS = ("django:setup", "crds_server.urls")


@dataclass
class LiveServer:
    """The address of a running server and the environment its commands need."""

    observatory: str
    root: Path
    port: int
    environment: dict[str, str] = field(repr=False)
    base: str = ""  # The path below which it stands.
    _commands: WarmPython | None = field(default=None, init=False, repr=False)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}{self.base}"

    def connection(self) -> HTTPConnection:
        """Return a connection for requests whose paths are sent as they are."""
        return HTTPConnection("localhost", self.port, timeout=HANG)

    def socket(self) -> socket.socket:
        """Return a connected socket for requests that are written byte by byte."""
        return socket.create_connection(("localhost", self.port), timeout=HANG)

    def manage(self, *arguments: str) -> str:
        """Run a management command beside the server and return what it printed, both streams."""
        if self._commands is None:
            self._commands = WarmPython(Path(sys.executable), PREPARATIONS, self._environment())
        command = [PROJECT / "manage.py", *arguments]
        done = self._commands.run(command, cwd=PROJECT, env=self._environment(), is_one_stream=True)
        assert done.returncode == 0, f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}"
        return done.stdout

    def _environment(self) -> dict[str, str]:
        return self.environment | {"PYTHONPATH": str(PROJECT)}

    def close(self) -> None:
        """End the process that runs management commands."""
        if self._commands is not None:
            self._commands.close()
            self._commands = None


@dataclass(frozen=True)
class Served:
    """An observatory, and the file that defines it unless it comes with us."""

    observatory: str
    definition: Path | None = None


@contextlib.contextmanager
def live_server(
    observatory: str,
    root: Path,
    *,
    fill: tuple[str, ...] = (),
    base: str = "",
    public_port: int | None = None,
    extra: dict[str, str] | None = None,
    definition: Path | None = None,
) -> Iterator[LiveServer]:
    """Run a server, such as one management command fills it, until the block ends.

    Parameters
    ----------
    base
        The path below which it stands.
    public_port
        Where a proxy in front of it listens; by default there is none.
    extra
        Further environment variables.
    definition
        The file that defines the observatory, unless it comes with us.
    """
    with filled_root(observatory, root, fill=fill, definition=definition) as database_url:
        if (store := os.environ.get(PRODUCTION)) and public_port is None:
            from tests.deploy.production import like_production

            more = {"STYLEGUIDE": "1", **(extra or {})}
            served = Served(observatory, definition)
            with (
                like_production(root, database_url, served, store, base=base, extra=more) as server,
                contextlib.closing(server),
            ):
                yield server
            return
        port = free_port()
        environment = environment_for(observatory, root, database_url, definition=definition) | {
            "PUBLIC_URL": f"http://localhost:{public_port or port}{base}",
            "WARM_UP": "0",  # Most servers of the suite never see a submission.
            "STYLEGUIDE": "1",
            **(extra or {}),
        }
        server = LiveServer(observatory, root, port, environment, base)
        with running(environment, port, base), contextlib.closing(server):
            yield server


@contextlib.contextmanager
def running(environment: dict[str, str], port: int, base: str = "") -> Iterator[subprocess.Popen[bytes]]:
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
        _wait_until_it_answers(process, f"http://localhost:{port}{base}/healthz", log)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(HANG)
    assert status == 0, log.read_text()


def _wait_until_it_answers(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    until = time.monotonic() + HANG
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(address, timeout=5).close()
            return
        time.sleep(0.1)
    raise AssertionError(f"the server did not answer; it said:\n{log.read_text()}")


def free_port() -> int:
    """Return a port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
