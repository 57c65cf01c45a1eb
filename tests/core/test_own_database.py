"""Pages of a real server while its PostgreSQL stops, freezes and comes back."""

import contextlib
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.factories.own_postgresql import OwnPostgresql, own_postgresql
from tests.factories.races import at_once
from tests.live import LiveServer, free_port, running
from tests.patience import HANG, wait_for
from tests.roots import environment_for, manage

pytestmark = [pytest.mark.campaign, pytest.mark.needs("postgresql-programs")]

PAGE = "/recent_activity/"
CALLERS = 8  # at once


@dataclass
class Answer:
    """Status, text and the header that says when to come again."""

    status: int
    retry_after: str | None
    text: str


def ask(server: LiveServer, path: str = PAGE) -> Answer:
    try:
        with urllib.request.urlopen(server.url + path, timeout=HANG) as answer:
            status, headers, text = answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as exc:
        with exc:
            status, headers, text = exc.code, exc.headers, exc.read().decode()
    return Answer(status, headers["Retry-After"], text)


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
def test_while_the_database_is_away_pages_are_refused_and_then_answered(
    server: LiveServer, database: OwnPostgresql, outage: object
) -> None:
    for _ in range(3):
        assert {answer.status for answer in ask_together(server)} == {200}
    with outage(database):  # type: ignore[operator]
        for _ in range(4):
            for answer in ask_together(server):
                assert (answer.status, answer.retry_after) == (503, "5"), answer.text
                assert "The database of this server does not answer now" in answer.text
        assert ask(server, "/healthz").status == 200
    # One web process may answer all callers of a round, so several rounds are needed to see both.
    wait_for(
        lambda: {answer.status for _ in range(3) for answer in ask_together(server)} == {200},
        "a server that notices that the database is back",
    )
    for _ in range(5):
        assert {answer.status for answer in ask_together(server)} == {200}


def test_a_restart_between_two_pages_is_not_noticed(server: LiveServer, database: OwnPostgresql) -> None:
    for _ in range(3):
        assert {answer.status for answer in ask_together(server)} == {200}
        with stopped(database):
            pass
        assert {answer.status for answer in ask_together(server)} == {200}


@contextlib.contextmanager
def locked_table(database: OwnPostgresql, table: str = "catalog_auditrecord") -> Iterator[None]:
    """Hold a lock that every statement on a table waits for."""
    with psycopg.connect(database.url) as holder:
        holder.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


def statements_that_wait(database: OwnPostgresql, words: str) -> int:
    """Return the number of statements with some words that wait for a lock."""
    with psycopg.connect(database.url, autocommit=True) as looker:
        query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s"
        counted = looker.execute(query, [f"%{words}%"]).fetchone()
    assert counted
    return int(counted[0])


def test_a_page_whose_statement_runs_while_the_database_freezes_is_refused(
    server: LiveServer, database: OwnPostgresql
) -> None:
    ask_together(server)
    with ThreadPoolExecutor(CALLERS) as callers, locked_table(database):
        asked = [callers.submit(ask, server) for _ in range(CALLERS)]
        # The others wait in the same process until the first one has counted.
        wait_for(lambda: statements_that_wait(database, "auditrecord") >= 2, "statements that run")
        with frozen(database):
            for answer in [each.result() for each in asked]:
                assert (answer.status, answer.retry_after) == (503, "5"), answer.text
            assert ask(server).status == 503
            assert ask(server, "/healthz").status == 200
    wait_for(lambda: {answer.status for answer in ask_together(server)} == {200}, "pages")


def test_a_page_whose_statement_is_only_slow_is_shown(server: LiveServer, database: OwnPostgresql) -> None:
    with ThreadPoolExecutor(CALLERS) as callers:
        with locked_table(database):
            asked = [callers.submit(ask, server) for _ in range(CALLERS)]
            time.sleep(9)  # The database is asked four times whether it lives.
            assert not any(each.done() for each in asked)
        assert {each.result().status for each in asked} == {200}


def test_a_command_whose_statement_runs_while_the_database_freezes_ends(
    server: LiveServer, database: OwnPostgresql
) -> None:
    code = (
        "from apps.catalog.models import AuditRecord\n"
        "print(AuditRecord.objects.filter(user='of the command').count())"
    )
    with ThreadPoolExecutor(1) as callers, locked_table(database):
        environment = server.environment | {"DATABASE_JOB_SILENCE": "3"}
        command = ("shell", "--verbosity", "0", "--command", code)
        running_command = callers.submit(manage, environment, *command, check=False)
        wait_for(lambda: statements_that_wait(database, "of the command"), "the statement of the command")
        with frozen(database):
            assert "was away a moment ago" in running_command.result(HANG)
