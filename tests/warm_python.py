"""Programs that start in a fraction of the time, because a Python has imported their libraries already."""

import atexit
import json
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO

from tests.needs import client_python
from tests.scratch import scratch

# What the client imports of others, and the models with which it certifies files of Webb. These do not look
# at the environment. The client does, so it is not among them: each program imports it for itself.
LIBRARIES_OF_CLIENT = (
    *("astropy.io.fits", "astropy.table", "astropy.time", "asdf", "bs4", "requests", "yaml", "filelock"),
    *("stdatamodels.jwst.datamodels:JwstDataModel",),
    *("__main__:call_here", "__main__:sleep_less", "__main__:collect_less"),
)
PATIENCE = 300  # seconds


class WarmPython:
    """An interpreter that is prepared once and forks for each program; see `forking_python`.

    Parameters
    ----------
    preparations
        Modules to import, each with a function to call after a colon if it has one.
    environment
        The environment of the preparations. Each program gets one of its own.
    """

    def __init__(
        self, interpreter: Path, preparations: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="warm-", dir=scratch()))
        self._address = str(self._home / "socket")
        self._process = subprocess.Popen(
            [interpreter, Path(__file__).with_name("forking_python.py"), self._address, *preparations],
            cwd=self._home,
            env=environment or {"PATH": os.environ["PATH"], "HOME": str(self._home)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def run(
        self,
        arguments: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        text: str = "",
        is_one_stream: bool = False,
        timeout: float = PATIENCE,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as ``subprocess.run`` does, and return its status and what it printed.

        Parameters
        ----------
        arguments
            Those of an interpreter: the path of a program or ``-c`` and a text, then its arguments.
        text
            The standard input.
        is_one_stream
            Whether errors are part of the output, in the order in which they were written.
        """
        order = {
            "arguments": [str(argument) for argument in arguments],
            "environment": dict(os.environ if env is None else env),
            "folder": str(cwd or Path.cwd()),
        }
        with (
            tempfile.TemporaryFile() as given,
            tempfile.TemporaryFile() as output,
            tempfile.TemporaryFile() as errors,
        ):
            given.write(text.encode())
            given.seek(0)
            status = self._status(order, (given, output, output if is_one_stream else errors), timeout)
            return subprocess.CompletedProcess(order["arguments"], status, _text(output), _text(errors))

    def _status(self, order: dict[str, object], streams: Sequence[IO[bytes]], timeout: float) -> int:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            connection.settimeout(timeout)
            connection.connect(self._address)
            descriptors = [stream.fileno() for stream in streams]
            socket.send_fds(connection, [json.dumps(order).encode()], descriptors)
            process = int(connection.recv(20))
            try:
                return int(connection.recv(20))
            except TimeoutError:
                os.kill(process, signal.SIGKILL)
                raise

    def close(self) -> None:
        """End the interpreter."""
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode()


def warm_client(interpreter: Path | None = None) -> WarmPython:
    """Return the warm Python of an environment with the client, by default that of the contract tests."""
    return _kept(interpreter or client_python())


@cache
def _kept(interpreter: Path) -> WarmPython:
    python = WarmPython(interpreter, LIBRARIES_OF_CLIENT)
    atexit.register(python.close)
    return python
