"""TERM lets open answers end, and ends callers that do nothing."""

import os
import signal
import time

import pytest

from tests.bench.web_server import WebServer, web_server
from tests.core.web_server.callers import CONTENT, crowd, rest_of
from tests.core.web_server.test_slow_callers import SLOW, STALLED
from tests.patience import HANG


def wait_for_end(server: WebServer) -> bool:
    """Return whether the process of a server ends."""
    until = time.monotonic() + HANG
    while time.monotonic() < until:
        with open(f"/proc/{server.worker}/stat") as stream:
            if stream.read().rpartition(")")[2].split()[0] == "Z":
                return True
        time.sleep(0.05)
    return False


def test_a_download_goes_on_to_its_last_byte(environment: dict[str, str]) -> None:
    patient = environment | {"ENDING_SECONDS": "120"}
    with (
        web_server(patient, "tests.core.web_server.hurried") as server,
        crowd(server, STALLED, 1) as (caller,),
    ):
        beginning = caller.recv(1000)
        os.kill(server.worker, signal.SIGTERM)
        whole = beginning + rest_of(caller)
        assert whole.partition(b"\r\n\r\n")[2] == CONTENT
        assert wait_for_end(server)


@pytest.mark.parametrize("beginning", [STALLED, *SLOW.values()], ids=["stalled", *SLOW])
def test_callers_that_do_nothing_do_not_keep_the_server(
    environment: dict[str, str], beginning: bytes
) -> None:
    with (
        web_server(environment, "tests.core.web_server.hurried") as server,
        crowd(server, beginning, 3),
    ):
        os.kill(server.worker, signal.SIGTERM)
        assert wait_for_end(server)
