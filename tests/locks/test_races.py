"""Many requests at once: an instrument has one holder, a person has one lock, and nobody waits forever."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from apps.accounts.models import User
from apps.catalog.ledger_lock import lock_ledger
from apps.locks import operations
from apps.locks.errors import LockedError
from apps.locks.models import Lock
from apps.locks.queries import find_tenure
from tests.factories.accounts import make_user
from tests.factories.locks import make_lock
from tests.factories.races import Run, at_once

CROWD = 12
ROUNDS = 5


def _take(instrument: str, user: str) -> Callable[[], Lock]:
    return lambda: operations.acquire(instrument=instrument, user=user)


def _held() -> dict[str, str]:
    return dict(Lock.objects.values_list("instrument", "user"))


@pytest.mark.parametrize("is_expired", [False, True])
def test_exactly_one_of_many_wins(is_expired: bool, run_apart: Run) -> None:
    results, held = run_apart(partial(_crowd, is_expired))
    won = [result for result in results if isinstance(result, Lock)]
    assert len(won) == 1, results
    assert sum(isinstance(result, LockedError) for result in results) == CROWD - 1, results
    assert held == {"miri": won[0].user}


def _crowd(is_expired: bool) -> tuple[list[Any], dict[str, str]]:
    if is_expired:
        make_lock("miri", user="marge", left=timedelta(seconds=-1))
    return at_once([_take("miri", f"user{number}") for number in range(CROWD)]), _held()


def test_sessions_of_one_person_leave_one_lock(run_apart: Run) -> None:
    results, held = run_apart(_sessions)
    assert any(isinstance(result, Lock) for result in results), results
    assert all(isinstance(result, Lock | LockedError) for result in results), results
    assert len(held) == 1


def _sessions() -> tuple[list[Any], dict[str, str]]:
    names = ("miri", "nircam", "fgs", "niriss")
    return at_once([_take(names[number % 4], "homer") for number in range(8)]), _held()


def test_people_who_swap_instruments_do_not_block_each_other(run_apart: Run) -> None:
    rounds = run_apart(lambda: [_swap() for _ in range(ROUNDS)])
    for results, held in rounds:
        assert all(isinstance(result, Lock | LockedError) for result in results), results
        assert len(set(held.values())) == len(held) == 2
    assert len(rounds) == ROUNDS


def _swap() -> tuple[list[Any], dict[str, str]]:
    Lock.objects.all().delete()
    make_lock("miri", user="homer")
    make_lock("nircam", user="marge")
    return at_once([_take("nircam", "homer"), _take("miri", "marge")]), _held()


def test_an_expired_lock_is_either_revived_or_taken(run_apart: Run) -> None:
    rounds = run_apart(lambda: [_revive_or_take() for _ in range(ROUNDS)])
    for (touched, taken), held in rounds:
        assert isinstance(taken, LockedError if touched is True else Lock), (touched, taken)
        assert held == {"miri": "homer" if touched is True else "marge"}
    assert len(rounds) == ROUNDS


def _revive_or_take() -> tuple[list[Any], dict[str, str]]:
    Lock.objects.all().delete()
    old = make_lock("miri", user="homer", left=timedelta(seconds=-1))
    return at_once([partial(operations.touch, "homer", key=old.key), _take("miri", "marge")]), _held()


def test_a_break_and_a_decision_do_not_block_each_other(run_apart: Run) -> None:
    rounds = run_apart(lambda: [_break_or_decide() for _ in range(ROUNDS)])
    assert rounds == [([None, None], {})] * ROUNDS


def _break_or_decide() -> tuple[list[Any], dict[str, str]]:
    lock = make_lock("miri", user="homer")
    admin = User.objects.filter(username="lisa").first() or make_user("lisa", role="admin")
    return at_once([partial(operations.break_lock, lock, by=admin), partial(_decide, lock)]), _held()


@transaction.atomic
def _decide(lock: Lock) -> None:
    """Take the rows that a confirmation takes, in its order."""
    lock_ledger()
    find_tenure("miri", lock.tenure, for_update=True)
