"""Many at once: one instrument has one holder, one person one instrument, and nobody waits for ever."""

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections

from apps.locks import operations
from apps.locks.errors import LockedError
from apps.locks.models import Lock
from tests.factories.locks import make_lock

IS_SQLITE = connection.vendor == "sqlite"
CROWD = 12

# Threads see each other's rows only when these are committed.
pytestmark = [] if IS_SQLITE else [pytest.mark.django_db(transaction=True)]


def at_once(actions: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run the actions in threads that start together; return their results, or what they raised."""
    start = threading.Barrier(len(actions))
    results: list[Any] = [None] * len(actions)

    def run(number: int) -> None:
        try:
            start.wait(20)
            results[number] = actions[number]()
        except Exception as exc:
            results[number] = exc
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    return results


Run = Callable[[Callable[[], None]], None]


@pytest.fixture
def run_apart(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Run]:
    """Run a scenario where the rows of one thread are seen by the others.

    The test database of SQLite is in memory: threads would share its only connection, and race for nothing.
    There the scenario gets a file, and a thread of its own, because connections belong to threads.
    """
    if not IS_SQLITE:
        yield lambda scenario: scenario()
        return
    described = connections.settings["default"]
    kept = described["NAME"]
    with request.getfixturevalue("django_db_blocker").unblock():
        described["NAME"] = str(tmp_path / "races.sqlite3")
        try:
            yield _in_a_thread
        finally:
            described["NAME"] = kept


def _in_a_thread(scenario: Callable[[], None]) -> None:
    def prepared() -> None:
        call_command("migrate", "locks", verbosity=0)
        scenario()

    (result,) = at_once([prepared])
    if result is not None:
        raise result


def _take(instrument: str, user: str) -> Callable[[], Lock]:
    return lambda: operations.acquire(instrument=instrument, user=user)


@pytest.mark.parametrize("is_expired", [False, True])
def test_exactly_one_of_many_wins(is_expired: bool, run_apart: Run) -> None:
    run_apart(lambda: _crowd(is_expired))


def _crowd(is_expired: bool) -> None:
    if is_expired:
        make_lock("miri", user="marge", left=timedelta(seconds=-1))
    results = at_once([_take("miri", f"user{number}") for number in range(CROWD)])
    won = [result for result in results if isinstance(result, Lock)]
    assert len(won) == 1, results
    assert sum(isinstance(result, LockedError) for result in results) == CROWD - 1, results
    assert Lock.objects.get().user == won[0].user


def test_sessions_of_one_person_leave_one_lock(run_apart: Run) -> None:
    run_apart(_sessions)


def _sessions() -> None:
    names = ("miri", "nircam", "fgs", "niriss")
    results = at_once([_take(names[number % 4], "homer") for number in range(8)])
    assert any(isinstance(result, Lock) for result in results), results
    assert all(isinstance(result, Lock | LockedError) for result in results), results
    assert Lock.objects.count() == 1


def test_people_who_swap_instruments_do_not_block_each_other(run_apart: Run) -> None:
    run_apart(_swap)


def _swap() -> None:
    for _ in range(5):
        Lock.objects.all().delete()
        make_lock("miri", user="homer")
        make_lock("nircam", user="marge")
        results = at_once([_take("nircam", "homer"), _take("miri", "marge")])
        assert all(isinstance(result, Lock | LockedError) for result in results), results
        holders = dict(Lock.objects.values_list("instrument", "user"))
        assert len(set(holders.values())) == len(holders) == 2


def test_an_expired_lock_is_either_revived_or_taken(run_apart: Run) -> None:
    run_apart(_revive_or_take)


def _revive_or_take() -> None:
    for _ in range(5):
        Lock.objects.all().delete()
        old = make_lock("miri", user="homer", left=timedelta(seconds=-1))
        touch = partial(operations.touch, "homer", key=old.key)
        touched, taken = at_once([touch, _take("miri", "marge")])
        if touched is True:
            assert isinstance(taken, LockedError)
            assert Lock.objects.get().user == "homer"
        else:
            assert isinstance(taken, Lock)
            assert Lock.objects.get().user == "marge"
