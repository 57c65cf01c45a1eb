"""Operations on locks. An instrument never has more than one holder, however many people ask at once."""

import logging
import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Q
from django.utils import timezone

from apps.catalog import audit
from apps.catalog.ledger_lock import lock_ledger
from apps.catalog.models import Action
from apps.core.access import Actor
from apps.core.errors import DeniedError
from apps.core.rows import find_row
from apps.locks.errors import LockedError, UnknownLockError
from apps.locks.models import Lock
from apps.locks.queries import find_lock, require_instrument

logger = logging.getLogger(__name__)

ATTEMPTS = 5  # After a lost race the next attempt sees the winner. More losses in a row have another cause.
DEADLOCK = "40P01"  # PostgreSQL's SQLSTATE
GRAIN = timedelta(seconds=1)  # Pages show the countdown in seconds. Finer resets are not worth a write.


def acquire(*, instrument: str, user: str, key: str | uuid.UUID | None = None) -> Lock:
    """Reserve an instrument for a person, and release the person's lock of any other instrument.

    Parameters
    ----------
    instrument, user
        What to lock, and for whom. The caller checks the person's role.
    key
        Key that the caller's session keeps. If the present lock has this key, the lock is only prolonged.
        If the lock belongs to another session of the same person, this session takes it over: the lock gets
        a new key and keeps its tenure.

    Raises
    ------
    NoSuchInstrumentError
        Raised if the observatory has no such instrument.
    LockedError
        Raised if another person holds the lock and it has not expired. Then nothing changes.
    """
    name = require_instrument(instrument)
    for _ in range(ATTEMPTS):
        try:
            with transaction.atomic():
                lock = _take(name, user, key)
        except (IntegrityError, OperationalError) as exc:
            if not _is_lost_race(exc):
                raise
            continue  # Another transaction wrote a row of this instrument or of this person first.
        logger.info("%s took the lock of %s", user, name)
        return lock
    raise LockedError(f"Too many people ask for the lock of {name} at once. Try again.")


def _is_lost_race(error: Exception) -> bool:
    """Return whether a transaction failed only because another one was faster.

    Rows that do not exist yet cannot be locked in a fixed order. Two transactions that insert rows may wait
    for each other in the two unique indexes. Then PostgreSQL ends one of them as a deadlock.
    """
    return isinstance(error, IntegrityError) or getattr(error.__cause__, "sqlstate", "") == DEADLOCK


def _take(instrument: str, user: str, key: str | uuid.UUID | None) -> Lock:
    # Lock all rows concerned at once and in one order, so that two people who swap instruments do not block
    # each other.
    concerned = (
        Lock.objects.select_for_update().filter(Q(instrument=instrument) | Q(user=user)).order_by("pk")
    )
    present = {lock.instrument: lock for lock in concerned}.get(instrument)
    if present and present.user != user and not present.is_expired:
        raise LockedError(_refusal(present))
    if present and present.user == user and _prolong(present, key):
        present.refresh_from_db()
        return present
    Lock.objects.filter(Q(instrument=instrument) | Q(user=user)).filter(_may_be_removed_for(user)).delete()
    now = timezone.now()
    return Lock.objects.create(instrument=instrument, user=user, created_at=now, expires_at=now + _age())


def _may_be_removed_for(user: str) -> Q:
    """Return the condition that a lock may be removed when this person takes one."""
    return Q(user=user) | Q(expires_at__lte=timezone.now())


def _prolong(lock: Lock, key: str | uuid.UUID | None) -> bool:
    """Give a lock its full time under the same tenure, and return False if it has expired.

    A session that does not keep the key of the lock takes the lock over and gets a new key.
    """
    now = timezone.now()
    changes: dict[str, Any] = {"expires_at": now + _age()}
    if key is None or not lock.is_of(lock.user, key=key):
        changes |= {"key": uuid.uuid4(), "created_at": now}
    return bool(Lock.objects.filter(pk=lock.pk, key=lock.key, expires_at__gt=now).update(**changes))


def _age() -> timedelta:
    return timedelta(seconds=settings.LOCK_SECONDS)


def _refusal(lock: Lock) -> str:
    return (
        f"{lock.instrument} is locked by {lock.user} since {lock.created_at:%Y-%m-%d %H:%M:%S} UTC; "
        f"{lock.countdown} is left."
    )


def touch(user: str, *, key: str | uuid.UUID | None = None) -> bool:
    """Reset the countdown of a person's lock, and return whether the person holds one.

    This also revives an expired lock, unless somebody took it meanwhile. A session whose lock was taken over
    changes nothing.
    """
    lock = find_row(Lock, user=user)
    if lock is None or not lock.is_of(user, key=key):
        return False
    end = timezone.now() + _age()
    if lock.expires_at >= end - GRAIN:
        return True
    held = Lock.objects.filter(user=user)
    if key is not None:
        held = held.filter(key=key)
    # The lock may have changed hands since it was read.
    return bool(held.filter(expires_at__lt=end - GRAIN).update(expires_at=end)) or held.exists()


def shorten(lock: Lock, *, seconds: int) -> None:
    """End a lock after at most `seconds` unless its holder acts; one that changed hands stays."""
    end = timezone.now() + timedelta(seconds=seconds)
    Lock.objects.filter(pk=lock.pk, key=lock.key, expires_at__gt=end).update(expires_at=end)


def release(lock: Lock) -> bool:
    """Give a lock back, and return whether it was still there. A lock that changed hands stays."""
    deleted, _ = Lock.objects.filter(pk=lock.pk, key=lock.key).delete()
    if deleted:
        logger.info("%s released the lock of %s", lock.user, lock.instrument)
    return bool(deleted)


def release_instrument(instrument: str, *, user: str) -> bool:
    """Release a person's lock of an instrument, from any session, and return whether there was one."""
    # One statement, so that a session that takes the lock over at the same moment does not keep it.
    deleted, _ = Lock.objects.filter(instrument=instrument, user=user).delete()
    if deleted:
        logger.info("%s released the lock of %s", user, instrument)
    return bool(deleted)


def release_user(user: str) -> bool:
    """Release the lock of a person, from any session, and return whether there was one."""
    lock = find_lock(user=user)
    return lock is not None and release(lock)


def break_lock(lock: Lock, *, by: Actor, why: str = "") -> None:
    """Take a lock away from its holder, and record who did so.

    Raises
    ------
    DeniedError
        Raised if `by` is not an admin for this instrument.
    UnknownLockError
        Raised if the lock was released or changed hands meanwhile.
    """
    if not by.has_role("admin", lock.instrument):
        raise DeniedError(f"Only an admin may break the {lock}.")
    with transaction.atomic():
        # A confirmation takes the turn before the lock. In another order each could wait for the other.
        lock_ledger()
        deleted, _ = Lock.objects.filter(pk=lock.pk, key=lock.key).delete()
        if not deleted:
            raise UnknownLockError(f"The {lock} no longer exists. Nothing was changed.")
        audit.noted(
            Action.BREAK_LOCK,
            user=by.get_username(),
            instrument=lock.instrument,
            why=why,
            details=_description(lock),
        )
    logger.warning("%s broke the %s", by.get_username(), lock)


def _description(lock: Lock) -> str:
    return f"{lock}, taken at {lock.created_at:%Y-%m-%d %H:%M:%S} UTC"
