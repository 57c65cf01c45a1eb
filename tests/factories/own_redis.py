"""A Redis of a test's own, which it may flush, freeze, stop and start again."""

import contextlib
import signal
import subprocess
import time
from collections.abc import Iterator

import redis

from tests.live import free_port
from tests.patience import HANG


class OwnRedis:
    """A server that keeps nothing on disk."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start an empty server and wait until it answers."""
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._process = subprocess.Popen([*command, "--appendonly", "no"], stdout=subprocess.DEVNULL)
        until = time.monotonic() + HANG
        with redis.Redis(port=self.port) as client:
            while True:
                try:
                    client.ping()
                    return
                except redis.ConnectionError:
                    assert time.monotonic() < until, "Redis did not start"
                    time.sleep(0.1)

    def stop(self) -> None:
        """Kill the server with all that it holds."""
        assert self._process
        self._process.kill()
        self._process.wait(HANG)

    def flush(self) -> None:
        """Remove all messages and whatever else is stored."""
        with redis.Redis(port=self.port) as client:
            client.flushdb()

    def freeze(self) -> None:
        """Stop the server without an end: it accepts connections and never answers."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Continue the server."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def own_redis() -> Iterator[OwnRedis]:
    """Run a server until the block ends."""
    server = OwnRedis()
    server.start()
    try:
        yield server
    finally:
        server.stop()
