"""Work beyond the capacity is refused at once, with the time to come back."""

import asyncio
import json
import threading
from pathlib import Path

import pytest

from apps.core.web_server import lanes
from apps.core.web_server.lanes import ThreadLane
from apps.core.web_server.messages import OverloadError
from tests.bench.web_server import web_server
from tests.contract.client import Client
from tests.core.web_server.callers import crowd, get
from tests.live import LiveServer

MOST = 20
PATIENT = "tests.core.web_server.patient"


def test_connections_beyond_the_limit_are_refused_and_health_is_told(environment: dict[str, str]) -> None:
    limited = environment | {"WEB_CONNECTIONS": str(MOST)}
    with web_server(limited, PATIENT) as server, crowd(server, b"", MOST):
        status, headers, text = get(server, "/login/")
        assert (status, int(headers["retry-after"]) > 0) == (503, True)
        assert b"more work than it can do" in text
        assert get(server, "/healthz")[0] == 200
        status, _, text = get(server, "/readyz")
        assert status == 503
        assert "requests were refused" in json.dumps(json.loads(text))


ASK = "import crds.client as c; print(c.list_mappings('jwst', '*.pmap'))"


def test_the_client_says_why_and_tries_again(environment: dict[str, str], tmp_path: Path) -> None:
    limited = environment | {"WEB_CONNECTIONS": str(MOST)}
    with web_server(limited, PATIENT) as server:
        live = LiveServer("jwst", tmp_path, server.port, {})
        client = Client(live, tmp_path)
        with crowd(server, b"", MOST):
            refused = client.python(ASK)
            assert "HTTP Error 503: Service Unavailable" in refused.errors.splitlines()[-1]
        done = client.python(ASK, CRDS_CLIENT_RETRY_COUNT="30", CRDS_CLIENT_RETRY_DELAY_SECONDS="1")
        assert done.status == 0, done.text


def test_a_full_lane_refuses_at_once_and_recovers() -> None:
    async def scenario() -> list[object]:
        lane, gate = ThreadLane("test", threads=1, waiting=2), threading.Event()
        running = [asyncio.ensure_future(lane.run(gate.wait)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(OverloadError):
            await lane.run(bool)
        gate.set()
        return [*await asyncio.gather(*running), await lane.run(lambda: "again")]

    assert asyncio.run(scenario()) == [True, True, True, "again"]


def test_a_lane_whose_work_waits_too_long_refuses_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "PATIENCE", 0.05)

    async def scenario() -> None:
        lane, gates = ThreadLane("test", threads=1, waiting=100), [threading.Event() for _ in range(3)]
        running = [asyncio.ensure_future(lane.run(gate.wait)) for gate in gates]
        await asyncio.sleep(0.1)
        gates[0].set()
        await running[0]
        with pytest.raises(OverloadError):
            await lane.run(bool)
        for gate in gates:
            gate.set()
        await asyncio.gather(*running)

    asyncio.run(scenario())


def test_an_error_in_a_lane_reaches_the_caller_and_the_lane_goes_on() -> None:
    async def scenario() -> str:
        lane = ThreadLane("test", threads=1, waiting=1)
        with pytest.raises(ZeroDivisionError):
            await lane.run(lambda: 1 // 0)
        return await lane.run(lambda: "again")

    assert asyncio.run(scenario()) == "again"
