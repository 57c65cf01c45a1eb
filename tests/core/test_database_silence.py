"""Statements that get no answer from PostgreSQL."""

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from apps.core.outages import DATABASE, find_outage
from apps.core.postgresql import patience
from apps.core.postgresql.unanswered_statements import Life, overdue_processes
from tests.factories.cut_connections import cut_all_connections
from tests.factories.races import at_once
from tests.patience import does_not_hang


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Any:
    """Make this process wait as one that answers requests, only shorter."""
    monkeypatch.setattr(patience, "_serves_requests", True)
    settings.DATABASE_REQUEST_SILENCE = 0.2
    return settings


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Return a port that takes connections and never answers, as a frozen database does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_database_that_takes_connections_and_never_answers_does_not_live(silent_port: int) -> None:
    assert overdue_processes({"host": "127.0.0.1", "port": silent_port, "dbname": "x"}, 0.2) is None


def test_a_database_that_refuses_a_connection_lives() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert overdue_processes({"host": "127.0.0.1", "port": port, "dbname": "x"}, 0.2) == frozenset()


def test_callers_who_ask_at_once_share_one_answer() -> None:
    asked: list[float] = []
    lost: list[None] = []

    def ask(seconds: float) -> None:
        asked.append(seconds)
        time.sleep(0.1)

    life = Life(ask, on_loss=lambda: lost.append(None), end=lambda _: None)
    assert at_once([lambda: life.is_lost(0.2)] * 8) == [True] * 8
    assert (asked, lost) == ([0.2], [None])


@pytest.mark.needs("postgresql")
@pytest.mark.django_db(transaction=True)
def test_a_statement_that_is_slow_is_done_while_the_database_lives(requests: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.8), 7")
        assert cursor.fetchone()[1] == 7


@pytest.mark.needs("postgresql")
@pytest.mark.django_db(transaction=True)
def test_a_statement_is_given_up_when_the_database_does_not_live(
    requests: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.ensure_connection()
    monkeypatch.setattr(
        connection.connection, "life", Life(lambda _: None, on_loss=lambda: None, end=lambda _: None)
    )
    with (
        does_not_hang(),
        pytest.raises(OperationalError, match="no sign of life") as caught,
        transaction.atomic(),
    ):
        sleep()
    assert find_outage(caught.value) is DATABASE
    connection.close()
    cut_all_connections()


@pytest.mark.needs("postgresql")
@pytest.mark.django_db(transaction=True)
def test_a_request_gives_up_a_statement_whose_own_process_is_frozen(requests: Any) -> None:
    requests.DATABASE_REQUEST_SECONDS = 1
    connection.ensure_connection()
    with pytest.raises(OperationalError, match="no answer in 1 s"):
        sleep()
    connection.close()
    cut_all_connections()


def sleep() -> None:
    """Run a statement that is not a read, so it is not repeated."""
    with connection.cursor() as cursor:
        cursor.execute("DO $$ BEGIN PERFORM pg_sleep(3600); END $$")
