"""A real web server with one process, whose CPU and memory can be read off."""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.patience import HANG
from tests.roots import PROJECT, manage


@dataclass(frozen=True)
class WebServer:
    """The address of the server, and the process that does the work."""

    port: int
    worker: int

    def cpu_seconds(self) -> float:
        """Return what all threads of the worker have used since it started."""
        tasks = Path(f"/proc/{self.worker}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def resident_bytes(self) -> int:
        """Return the memory that is resident now, without the pages of files."""
        fields = Path(f"/proc/{self.worker}/status").read_text().splitlines()
        [line] = [line for line in fields if line.startswith("RssAnon:")]
        return int(line.split()[1]) * 1024

    def post(self, body: bytes) -> bytes:
        """Return the answer to a POST on a connection of its own, as the client makes it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        try:
            headers = {"Connection": "close", "Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", "/json/", body, headers)
            return connection.getresponse().read()
        finally:
            connection.close()

    def call(self, method: str, *params: Any) -> Any:
        """Return the result of a call."""
        answer = json.loads(self.post(request(method, *params)))
        if answer["error"]:
            raise RuntimeError(answer["error"]["message"])
        return answer["result"]


def request(method: str, *params: Any) -> bytes:
    """Return the body of a call as the client writes it."""
    return json.dumps({"jsonrpc": "1.0", "method": method, "params": params, "id": "bench-14.0.3-1"}).encode()


@contextlib.contextmanager
def web_server(environment: dict[str, str], module: str = "crds_server.web") -> Iterator[WebServer]:
    """Run the web server as `manage.py up` does, but with one process, until the block ends."""
    port = _free_port()
    command = [sys.executable, "-m", module, "--port", str(port)]
    named = environment | {"PUBLIC_URL": f"http://localhost:{port}"}
    process = subprocess.Popen(command, cwd=PROJECT, env=named)
    try:
        _wait_for(process, port)
        yield WebServer(port, process.pid)
    finally:
        process.terminate()
        process.wait(HANG)


@contextlib.contextmanager
def whole_server(environment: dict[str, str]) -> Iterator[WebServer]:
    """Run `manage.py up` without a worker until the block ends; CPU and memory are those of its parent."""
    port = _free_port()
    command = [sys.executable, "manage.py", "up", "--no-worker", "--port", str(port)]
    named = environment | {"PUBLIC_URL": f"http://localhost:{port}"}
    process = subprocess.Popen(command, cwd=PROJECT, env=named)
    try:
        _wait_for(process, port)
        yield WebServer(port, process.pid)
    finally:
        process.terminate()
        process.wait(HANG)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    """Wait until the port takes connections."""
    until = time.monotonic() + HANG
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.01)
    raise RuntimeError("the server did not answer")


def environment_for(observatory: str, root: Path, **extra: str) -> dict[str, str]:
    """Return the environment of a server of its own, migrated and with static files collected."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CRDS_")},
        "OBSERVATORY": observatory,
        "DATA_ROOT": str(root),
        "DATABASE_URL": f"sqlite:///{root}/crds.sqlite3",
        "DJANGO_SETTINGS_MODULE": "crds_server.settings",
        **extra,
    }
    manage(environment, "migrate", "--verbosity", "0")
    manage(environment, "collectstatic", "--noinput", "--verbosity", "0")
    return environment
