"""The rules of locks as a state machine: any order of actions agrees with the model below."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from apps.locks import operations, queries
from apps.locks.errors import LockedError
from apps.locks.models import Lock

PEOPLE, INSTRUMENTS, SESSIONS = ("homer", "marge"), ("fgs", "miri"), (0, 1, 2)
START = datetime(2026, 1, 1, tzinfo=UTC)
Session = tuple[str, int]

people = st.sampled_from(PEOPLE)
sessions = st.tuples(people, st.sampled_from(SESSIONS))
instruments = st.sampled_from(INSTRUMENTS)


@dataclass
class Tenure:
    """A lock under which something was submitted; `is_over` after its holder gave it up or lost it."""

    person: str
    instrument: str
    number: uuid.UUID
    is_over: bool = False


class LockRules(RuleBasedStateMachine):
    """A model of the locks: for each instrument the session that took it last and the moment the lock ends.

    It also keeps the tenures under which something was submitted.
    """

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, tuple[Session, datetime]] = {}
        self.keys: dict[Session, Any] = {}
        self.tenures: list[Tenure] = []
        self.now = START
        self.clock = patch("django.utils.timezone.now", lambda: self.now)
        self.clock.start()

    def teardown(self) -> None:
        self.clock.stop()

    @initialize()
    def nobody_holds_anything(self) -> None:
        Lock.objects.all().delete()

    def end(self) -> datetime:
        return self.now + timedelta(seconds=settings.LOCK_SECONDS)

    def of(self, person: str) -> str | None:
        return next((name for name, (session, _) in self.held.items() if session[0] == person), None)

    def end_tenures(self, instrument: str | None) -> None:
        for tenure in self.tenures:
            tenure.is_over |= tenure.instrument == instrument

    @rule(hours=st.sampled_from([0.5, 3, 4, 5]))
    def time_passes(self, hours: float) -> None:
        self.now += timedelta(hours=hours)

    @rule(session=sessions, instrument=instruments)
    def log_in(self, session: Session, instrument: str) -> None:
        holder = self.held.get(instrument)
        is_refused = holder is not None and holder[0][0] != session[0] and holder[1] > self.now
        try:
            lock = operations.acquire(instrument=instrument, user=session[0], key=self.keys.get(session, ""))
        except LockedError:
            assert is_refused
            return
        assert not is_refused
        goes_on = holder is not None and holder[0][0] == session[0] and holder[1] > self.now
        if not goes_on:
            self.end_tenures(instrument)
        if previous := self.of(session[0]):
            del self.held[previous]
            if previous != instrument:
                self.end_tenures(previous)
        self.held[instrument] = (session, self.end())
        self.keys[session] = lock.key

    @rule(session=sessions)
    def act(self, session: Session) -> None:
        mine = [name for name, (holder, _) in self.held.items() if holder == session]
        assert operations.touch(session[0], key=self.keys.get(session, START_KEY)) is bool(mine)
        for name in mine:
            self.held[name] = (session, self.end())

    @rule(session=sessions)
    def submit(self, session: Session) -> None:
        if lock := queries.find_held(session[0], key=self.keys.get(session, START_KEY)):
            self.tenures.append(Tenure(session[0], lock.instrument, lock.tenure))

    @rule(instrument=instruments, person=people)
    def decide(self, instrument: str, person: str) -> None:
        is_held = instrument in self.held and self.held[instrument][0][0] == person
        assert operations.release_instrument(instrument, user=person) is is_held
        if is_held:
            del self.held[instrument]
            self.end_tenures(instrument)

    @rule(session=sessions)
    def give_back(self, session: Session) -> None:
        lock = queries.find_held(session[0], key=self.keys.get(session, START_KEY))
        mine = [name for name, (holder, end) in self.held.items() if holder == session and end > self.now]
        assert ([lock.instrument] if lock else []) == mine
        if lock:
            operations.release(lock)
            del self.held[mine[0]]
            self.end_tenures(mine[0])

    @rule(person=people)
    def log_out(self, person: str) -> None:
        name = self.of(person)
        assert operations.release_user(person) is (name is not None)
        self.held.pop(name or "", None)
        self.end_tenures(name)

    @invariant()
    def what_was_submitted_is_protected_until_a_gap(self) -> None:
        for tenure in self.tenures:
            lock = queries.find_tenure(tenure.instrument, tenure.number)
            assert (lock is None) is tenure.is_over
            if lock is not None:
                assert lock.user == tenure.person
                # The model knows the end only to the second.
                assert lock.is_held_by(tenure.person) is (lock.expires_at > self.now)

    @invariant()
    def rows_agree(self) -> None:
        rows = {lock.instrument: (lock.user, lock.expires_at) for lock in Lock.objects.all()}
        expected = {name: (session[0], end) for name, (session, end) in self.held.items()}
        assert rows.keys() == expected.keys()
        for name, (user, end) in expected.items():
            assert rows[name][0] == user
            # A reset within a second after the last one is not written.
            assert abs(rows[name][1] - end) <= operations.GRAIN


START_KEY = "00000000-0000-0000-0000-000000000000"


@pytest.mark.django_db
def test_the_rules_hold_in_every_order() -> None:
    run_state_machine_as_test(
        LockRules, settings=hypothesis_settings(max_examples=60, stateful_step_count=25)
    )
