"""A PostgreSQL of a test's own, which it may stop, freeze and start again."""

import contextlib
import os
import pwd
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.live import free_port
from tests.needs import find_postgresql

PATIENCE = "60"  # seconds for one start or stop
OTHERS = ("postgres", "nobody")  # accounts for a server that root starts, because it refuses to run as root


@dataclass
class OwnPostgresql:
    """The folder and the port of a server with one database."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql://crds:none@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        self._control("start", "-o", options, "-l", str(self.folder / "log"))

    def stop(self) -> None:
        """End all connections and the server."""
        self._control("stop", "-m", "fast")

    def freeze(self) -> None:
        """Stop every process of the server without an end, as on a machine that is suspended."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Continue the processes."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        first = int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        for child in Path(f"/proc/{first}/task/{first}/children").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(child), number)
        os.kill(first, number)

    def _control(self, action: str, *arguments: str) -> None:
        wait = ("-w", "-t", PATIENCE)
        _run(self.folder, "pg_ctl", action, "-D", str(self.folder / "data"), *wait, *arguments)


@contextlib.contextmanager
def own_postgresql() -> Iterator[OwnPostgresql]:
    """Run a server until the block ends."""
    # Not below the folders of pytest, which other accounts may not enter.
    with tempfile.TemporaryDirectory(prefix="crds-postgresql-") as name:
        folder = Path(name)
        if account := _other_account():
            os.chown(folder, account.pw_uid, account.pw_gid)
        _run(folder, "initdb", "-D", str(folder / "data"), "-U", "crds", "--auth", "trust", "--no-sync")
        server = OwnPostgresql(folder, free_port())
        server.start()
        try:
            yield server
        finally:
            if (folder / "data" / "postmaster.pid").exists():
                server.thaw()
                server._control("stop", "-m", "immediate")


def _other_account() -> pwd.struct_passwd | None:
    if os.geteuid():
        return None
    for name in OTHERS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    return None


def _run(folder: Path, program: str, *arguments: str) -> None:
    programs, account = find_postgresql(), _other_account()
    assert programs
    done = subprocess.run(
        [str(programs / program), *arguments],
        cwd=folder,
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
        stdout=subprocess.DEVNULL,  # The server keeps this open, so a pipe would never end.
        stderr=subprocess.DEVNULL,
        check=False,
    )
    log = folder / "log"
    assert done.returncode == 0, f"{program} {arguments}: {log.read_text() if log.exists() else ''}"
