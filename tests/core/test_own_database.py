"""Pages of a real server while its PostgreSQL stops, freezes and comes back."""

import contextlib
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.factories.own_postgresql import OwnPostgresql, own_postgresql
from tests.factories.races import at_once
from tests.live import LiveServer, free_port, running
from tests.roots import environment_for, manage

pytestmark = [pytest.mark.campaign, pytest.mark.needs("postgresql-programs")]

PAGE = "/recent_activity/"
CALLERS = 8  # at once


@dataclass
class Answer:
    """Status, seconds and the header that says when to come again."""

    status: int
    seconds: float
    retry_after: str | None
    text: str


def ask(server: LiveServer, path: str = PAGE) -> Answer:
    began = time.monotonic()
    try:
        with urllib.request.urlopen(server.url + path, timeout=60) as answer:
            status, headers, text = answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as exc:
        with exc:
            status, headers, text = exc.code, exc.headers, exc.read().decode()
    return Answer(status, time.monotonic() - began, headers["Retry-After"], text)


def ask_together(server: LiveServer) -> list[Answer]:
    answers = at_once([lambda: ask(server)] * CALLERS)
    assert all(isinstance(answer, Answer) for answer in answers), answers
    return answers


@pytest.fixture
def database() -> Iterator[OwnPostgresql]:
    with own_postgresql() as database:
        yield database


@pytest.fixture
def server(database: OwnPostgresql, tmp_path: Path) -> Iterator[LiveServer]:
    root, port = tmp_path / "root", free_port()
    root.mkdir()
    environment = environment_for("jwst", root, database.url) | {
        "PUBLIC_URL": f"http://localhost:{port}",
        "WARM_UP": "0",
        "CELERY_BROKER_URL": "filesystem://",
    }
    manage(environment, "migrate", "--verbosity", "0")
    with running(environment, port):
        yield LiveServer("jwst", root, port, environment)


@contextlib.contextmanager
def stopped(database: OwnPostgresql) -> Iterator[None]:
    database.stop()
    yield
    database.start()


@contextlib.contextmanager
def frozen(database: OwnPostgresql) -> Iterator[None]:
    database.freeze()
    yield
    database.thaw()


@pytest.mark.parametrize("outage", [stopped, frozen])
def test_while_the_database_is_away_pages_are_refused_within_two_seconds_and_then_answered(
    server: LiveServer, database: OwnPostgresql, outage: object
) -> None:
    for _ in range(3):
        assert {answer.status for answer in ask_together(server)} == {200}
    with outage(database):  # type: ignore[operator]
        for _ in range(4):
            for answer in ask_together(server):
                assert (answer.status, answer.retry_after) == (503, "5"), answer.text
                assert "The database of this server does not answer now" in answer.text
                assert answer.seconds < 2.0
        assert ask(server, "/healthz").status == 200
        time.sleep(20)  # An attempt to connect must not be put off longer and longer.
    back = time.monotonic()
    while {answer.status for answer in ask_together(server)} != {200}:
        assert time.monotonic() - back < 5, "it did not notice that the database is back"
    for _ in range(5):
        assert {answer.status for answer in ask_together(server)} == {200}


def test_a_restart_between_two_pages_is_not_noticed(server: LiveServer, database: OwnPostgresql) -> None:
    for _ in range(3):
        assert {answer.status for answer in ask_together(server)} == {200}
        with stopped(database):
            pass
        assert {answer.status for answer in ask_together(server)} == {200}
