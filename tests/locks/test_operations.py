from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from apps.catalog.models import Action, AuditRecord
from apps.core.errors import DeniedError
from apps.locks import operations, queries
from apps.locks.errors import LockedError, NoLockError, NoSuchInstrumentError, UnknownLockError
from apps.locks.models import Lock
from tests.factories.accounts import make_user
from tests.factories.locks import make_lock

pytestmark = pytest.mark.django_db


def test_acquire_lasts_four_hours() -> None:
    lock = operations.acquire(instrument="MIRI", user="homer")
    assert lock.instrument == "miri"
    assert lock.expires_at - lock.created_at == timedelta(hours=4)
    assert lock.countdown in {"4:00:00", "3:59:59"}


def test_the_age_is_a_setting(settings: Any) -> None:
    settings.LOCK_SECONDS = 90
    assert operations.acquire(instrument="miri", user="homer").countdown in {"0:01:30", "0:01:29"}


def test_a_held_lock_is_refused_with_holder_and_time_left() -> None:
    make_lock("miri", user="marge", left=timedelta(hours=2, minutes=3, seconds=30))
    with pytest.raises(LockedError, match=r"miri is locked by marge since .* UTC; 2:03:\d\d is left"):
        operations.acquire(instrument="miri", user="homer")
    assert queries.find_lock(instrument="miri").user == "marge"  # type: ignore[union-attr]


@pytest.mark.parametrize(("left", "is_free"), [(1, False), (0, True), (-1, True)])
def test_a_lock_is_free_from_the_moment_it_expires(
    left: int, is_free: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    lock = make_lock("miri", user="marge", left=timedelta(microseconds=left))
    assert lock.is_expired is is_free
    if is_free:
        assert operations.acquire(instrument="miri", user="homer").user == "homer"
        return
    with pytest.raises(LockedError):
        operations.acquire(instrument="miri", user="homer")


def test_one_person_has_one_instrument() -> None:
    operations.acquire(instrument="miri", user="homer")
    operations.acquire(instrument="nircam", user="homer")
    assert [lock.instrument for lock in Lock.objects.all()] == ["nircam"]


def test_a_refused_swap_keeps_what_one_has() -> None:
    kept = operations.acquire(instrument="miri", user="homer")
    make_lock("nircam", user="marge")
    with pytest.raises(LockedError):
        operations.acquire(instrument="nircam", user="homer")
    assert queries.require_lock("miri", user="homer", key=kept.key) == kept


def test_the_same_person_steals_from_the_first_session() -> None:
    first = operations.acquire(instrument="miri", user="homer")
    second = operations.acquire(instrument="miri", user="homer")
    assert first.key != second.key
    with pytest.raises(NoLockError, match="Another session of yours took the lock of miri"):
        queries.require_lock("miri", user="homer", key=first.key)
    assert queries.require_lock("miri", user="homer", key=second.key) == second
    assert queries.require_lock("miri", user="homer") == second


def test_another_session_of_the_holder_goes_on_with_the_tenure() -> None:
    first = operations.acquire(instrument="miri", user="homer")
    second = operations.acquire(instrument="miri", user="homer", key="")
    assert (second.tenure, second.pk) == (first.tenure, first.pk)
    assert queries.find_tenure("miri", first.tenure) == second
    assert queries.find_tenure("nircam", first.tenure) is None
    assert queries.find_tenure("miri", None) is None


@pytest.mark.parametrize("gap", ["release", "expiry", "break", "another holder", "another instrument"])
def test_a_gap_ends_the_tenure(gap: str) -> None:
    first = operations.acquire(instrument="miri", user="homer")
    if gap == "release":
        operations.release_user("homer")
    elif gap == "break":
        operations.break_lock(first, by=make_user("admin", role="admin"))
    elif gap == "another instrument":
        operations.acquire(instrument="fgs", user="homer", key=first.key)
    else:
        Lock.objects.update(created_at=timezone.now() - timedelta(hours=4), expires_at=timezone.now())
    if gap == "another holder":
        operations.acquire(instrument="miri", user="marge")
        operations.release_user("marge")
    again = operations.acquire(instrument="miri", user="homer", key=first.key)
    assert again.tenure != first.tenure
    assert queries.find_tenure("miri", first.tenure) is None


def test_the_lock_of_an_instrument_is_given_back_from_any_session() -> None:
    operations.acquire(instrument="miri", user="homer")
    assert not operations.release_instrument("miri", user="marge")
    assert not operations.release_instrument("fgs", user="homer")
    assert operations.release_instrument("miri", user="homer")
    assert not Lock.objects.exists()


def test_the_same_session_keeps_its_key() -> None:
    first = operations.acquire(instrument="miri", user="homer")
    again = operations.acquire(instrument="miri", user="homer", key=first.key)
    assert (again.key, again.created_at) == (first.key, first.created_at)


@pytest.mark.parametrize("name", ["hubble", "", "acs", "miri\0", "' OR 1=1", "none"])
def test_only_instruments_of_the_observatory_can_be_locked(name: str) -> None:
    with pytest.raises(NoSuchInstrumentError, match="jwst has no instrument"):
        operations.acquire(instrument=name, user="homer")


def test_an_action_resets_the_countdown() -> None:
    lock = make_lock(left=timedelta(minutes=1))
    assert operations.touch("homer", key=lock.key)
    lock.refresh_from_db()
    assert lock.time_left > timedelta(hours=3, minutes=59)


def test_an_action_revives_an_expired_lock_that_nobody_took() -> None:
    lock = make_lock(left=timedelta(hours=-1))
    assert operations.touch("homer", key=lock.key)
    assert queries.find_held("homer", key=lock.key)


def test_an_action_of_a_session_that_lost_its_lock_changes_nothing() -> None:
    first = make_lock(left=timedelta(hours=-1))
    taken = operations.acquire(instrument="miri", user="marge")
    assert not operations.touch("homer", key=first.key)
    stolen = operations.acquire(instrument="miri", user="marge")
    Lock.objects.update(expires_at=timezone.now() + timedelta(minutes=5))
    assert not operations.touch("marge", key=taken.key)
    stolen.refresh_from_db()
    assert stolen.time_left < timedelta(minutes=6)


def test_actions_within_a_second_cost_no_write(django_assert_num_queries: Any) -> None:
    lock = operations.acquire(instrument="miri", user="homer")
    before = lock.expires_at
    with django_assert_num_queries(1):
        assert operations.touch("homer", key=lock.key)
    lock.refresh_from_db()
    assert lock.expires_at == before


def test_release_leaves_a_lock_that_changed_hands() -> None:
    first = operations.acquire(instrument="miri", user="homer")
    second = operations.acquire(instrument="miri", user="homer")
    assert not operations.release(first)
    assert operations.release(second)
    assert not operations.release(second)
    assert not Lock.objects.exists()


def test_release_user_frees_whatever_lock_there_is() -> None:
    assert not operations.release_user("homer")
    make_lock()
    assert operations.release_user("homer")


def test_a_break_is_audited() -> None:
    lock = make_lock("miri", user="marge")
    operations.break_lock(lock, by=make_user("lisa", role="admin"))
    record = AuditRecord.objects.get(action=Action.BREAK_LOCK)
    assert (record.user, record.instrument) == ("lisa", "miri")
    assert record.details == f"lock of miri by marge, taken at {lock.created_at:%Y-%m-%d %H:%M:%S} UTC"


def test_a_refused_break_is_not_audited() -> None:
    lock = make_lock("miri", user="marge")
    with pytest.raises(DeniedError):
        operations.break_lock(lock, by=make_user("homer", role="operator"))
    operations.release(lock)
    with pytest.raises(UnknownLockError):
        operations.break_lock(lock, by=make_user("lisa", role="admin"))
    assert not AuditRecord.objects.filter(action=Action.BREAK_LOCK).exists()


def test_a_break_without_its_record_leaves_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise DatabaseError("the disk is full")

    lock = make_lock("miri", user="marge")
    admin = make_user("lisa", role="admin")
    monkeypatch.setattr("apps.catalog.audit.noted", fail)
    with pytest.raises(DatabaseError):
        operations.break_lock(lock, by=admin)
    assert Lock.objects.get() == lock


def test_only_an_admin_breaks() -> None:
    lock = make_lock(user="marge")
    for role in ("submitter", "operator"):
        with pytest.raises(DeniedError):
            operations.break_lock(lock, by=make_user(role, role=role))
    with pytest.raises(DeniedError):
        operations.break_lock(lock, by=make_user("other", role="admin", instruments=["fgs"]))
    operations.break_lock(lock, by=make_user("lisa", role="admin", instruments=["miri"]))
    assert not Lock.objects.exists()
    with pytest.raises(UnknownLockError):
        operations.break_lock(lock, by=make_user("admin", role="admin"))


@pytest.mark.parametrize(
    ("holder", "left", "reason"),
    [
        (None, 1, "You do not hold the lock of miri"),
        ("marge", 1, "held by marge since"),
        ("marge", -1, "has expired"),
        ("homer", -1, "has expired"),
    ],
)
def test_who_lacks_the_lock_is_told_why(holder: str | None, left: int, reason: str) -> None:
    if holder:
        make_lock("miri", user=holder, left=timedelta(hours=left))
    with pytest.raises(NoLockError, match=reason):
        queries.require_lock("miri", user="homer")


def test_the_database_itself_refuses_two_holders_and_two_locks() -> None:
    make_lock("miri", user="homer")
    for instrument, user in (("miri", "marge"), ("nircam", "homer")):
        with pytest.raises(IntegrityError), transaction.atomic():
            make_lock(instrument, user=user)


def test_find_lock_needs_to_know_what() -> None:
    with pytest.raises(TypeError):
        queries.find_lock()
