"""Work beyond the capacity is refused at once, with the time to come back."""

import asyncio
import json
import threading
from functools import partial
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


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give work as much time to wait for a thread as a busy machine needs."""
    monkeypatch.setattr(lanes, "PATIENCE", 60.0)


@pytest.mark.usefixtures("patience")
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
    monkeypatch.setattr(lanes, "LONGEST_WAIT", 1000)

    async def scenario() -> None:
        lane, gates = ThreadLane("test", threads=1, waiting=100), [threading.Event() for _ in range(3)]
        begun: list[threading.Event] = []

        def work(gate: threading.Event) -> None:
            begun.append(gate)
            gate.wait()

        running = [asyncio.ensure_future(lane.run(partial(work, gate))) for gate in gates]
        await asyncio.sleep(0.1)
        gates[0].set()
        while len(begun) < 2:
            await asyncio.sleep(0.01)
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


@pytest.mark.usefixtures("patience")
def test_a_result_that_nobody_fetches_is_given_up() -> None:
    async def scenario() -> list[str | None]:
        lane, gate, given_up = ThreadLane("test", threads=1, waiting=9), threading.Event(), []

        def make() -> str:
            gate.wait()
            return "made"

        running = [asyncio.ensure_future(lane.run(make, give_up=given_up.append)) for _ in range(3)]
        await asyncio.sleep(0.05)
        for one in running[:2]:  # One runs and one waits.
            one.cancel()
        await asyncio.wait(running[:2])
        gate.set()
        assert await running[2] == "made"
        while len(given_up) < 2:
            await asyncio.sleep(0.01)
        assert lane.inside == 0
        return given_up

    assert sorted(asyncio.run(scenario()), key=str) == [None, "made"]


def test_a_result_that_came_just_before_its_request_was_given_up_is_given_up_too() -> None:
    async def scenario() -> list[str | None]:
        lane, given_up = ThreadLane("test", threads=1, waiting=9), []
        running = asyncio.ensure_future(lane.run(lambda: "made", give_up=given_up.append))
        await asyncio.sleep(0)
        finish = lane._finish
        lane._finish = lambda *args: (finish(*args), running.cancel())  # type: ignore[method-assign]
        await asyncio.wait([running])
        assert running.cancelled()
        while not given_up:
            await asyncio.sleep(0.01)
        return given_up

    assert asyncio.run(scenario()) == ["made"]


def test_work_that_waits_too_long_is_refused_while_the_lane_is_still_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lanes, "PATIENCE", 0.05)

    async def scenario() -> list[None]:
        lane, gate, given_up = ThreadLane("test", threads=1, waiting=9), threading.Event(), []
        running = asyncio.ensure_future(lane.run(gate.wait))
        await asyncio.sleep(0)
        with pytest.raises(OverloadError):
            await lane.run(lambda: given_up.append("ran"), give_up=given_up.append)
        assert lane.inside == 1
        gate.set()
        await running
        assert await lane.run(lambda: "again") == "again"
        return given_up

    assert asyncio.run(scenario()) == [None]
