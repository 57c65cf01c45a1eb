"""What somebody asks of the locks. Whatever happens at once, one instrument has one holder at most."""

import logging
import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Q
from django.utils import timezone

from apps.catalog import audit
from apps.catalog.ledger_lock import take_turn
from apps.catalog.models import Action
from apps.core.access import Actor
from apps.core.errors import DeniedError
from apps.core.rows import find_row
from apps.locks.errors import LockedError, UnknownLockError
from apps.locks.models import Lock
from apps.locks.queries import find_lock, require_instrument

logger = logging.getLogger(__name__)

ATTEMPTS = 5  # Each lost race shows another holder or another lock of one's own; more in a row is no race.
DEADLOCK = "40P01"  # PostgreSQL's SQLSTATE
GRAIN = timedelta(seconds=1)  # A countdown is shown in seconds; finer resets are not worth a write.


def acquire(*, instrument: str, user: str, key: str | uuid.UUID | None = None) -> Lock:
    """Reserve an instrument for a person, and drop the lock of another instrument the person may have.

    Parameters
    ----------
    instrument, user
        What to lock, and for whom. The person's role is the caller's to check.
    key
        What the caller's session keeps. If it is that of the present lock, the lock is only prolonged.
        Otherwise a lock that another session of the same person holds is taken over from it: it gets a new
        key and keeps its tenure.

    Raises
    ------
    UnknownInstrumentError
        Raised if the observatory has no such instrument.
    LockedError
        Raised if another person holds the lock and it has not expired; nothing has changed then.
    """
    name = require_instrument(instrument)
    for _ in range(ATTEMPTS):
        try:
            with transaction.atomic():
                lock = _take(name, user, key)
        except (IntegrityError, OperationalError) as exc:
            if not _is_lost_race(exc):
                raise
            continue  # Somebody else's row, or another one of this person, came between.
        logger.info("lock of %s taken by %s", name, user)
        return lock
    raise LockedError(f"Too many people ask for {name} at once. Try again.")


def _is_lost_race(error: Exception) -> bool:
    """Whether a transaction failed only because another one was first.

    Rows that do not exist yet cannot be locked in order: two that insert wait for each other in the two
    unique indexes, and PostgreSQL ends one of them as a deadlock.
    """
    return isinstance(error, IntegrityError) or getattr(error.__cause__, "sqlstate", "") == DEADLOCK


def _take(instrument: str, user: str, key: str | uuid.UUID | None) -> Lock:
    # All rows concerned are locked at once and in one order, so that two people who swap do not block each
    # other.
    concerned = (
        Lock.objects.select_for_update().filter(Q(instrument=instrument) | Q(user=user)).order_by("pk")
    )
    present = {lock.instrument: lock for lock in concerned}.get(instrument)
    if present and present.user != user and not present.is_expired:
        raise LockedError(_holder(present))
    if present and present.user == user and _go_on(present, key):
        present.refresh_from_db()
        return present
    Lock.objects.filter(Q(instrument=instrument) | Q(user=user)).filter(_may_go(user)).delete()
    now = timezone.now()
    return Lock.objects.create(instrument=instrument, user=user, created_at=now, expires_at=now + _age())


def _may_go(user: str) -> Q:
    """Return the condition under which a row makes room for this person."""
    return Q(user=user) | Q(expires_at__lte=timezone.now())


def _go_on(lock: Lock, key: str | uuid.UUID | None) -> bool:
    """Give the lock its full time under the same tenure; return False if it has expired.

    A session that does not keep its key takes it over from the one that does.
    """
    now = timezone.now()
    changes: dict[str, Any] = {"expires_at": now + _age()}
    if key is None or not lock.is_of(lock.user, key=key):
        changes |= {"key": uuid.uuid4(), "created_at": now}
    return bool(Lock.objects.filter(pk=lock.pk, key=lock.key, expires_at__gt=now).update(**changes))


def _age() -> timedelta:
    return timedelta(seconds=settings.LOCK_SECONDS)


def _holder(lock: Lock) -> str:
    return (
        f"{lock.instrument} is locked by {lock.user} since {lock.created_at:%Y-%m-%d %H:%M:%S} UTC; "
        f"{lock.countdown} is left."
    )


def touch(user: str, *, key: str | uuid.UUID | None = None) -> bool:
    """Reset the countdown of the lock a person holds, and return whether that person holds one.

    An expired lock is revived unless somebody took it meanwhile. A session whose lock was taken over touches
    nothing.
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


def release(lock: Lock) -> bool:
    """Give a lock back, and return whether it still was the same lock; one that changed hands stays."""
    deleted, _ = Lock.objects.filter(pk=lock.pk, key=lock.key).delete()
    if deleted:
        logger.info("lock of %s released by %s", lock.instrument, lock.user)
    return bool(deleted)


def release_instrument(instrument: str, *, user: str) -> bool:
    """Give back the lock of an instrument if a person holds it, in whichever session; return whether so."""
    # One statement, so that a session that takes the lock over at the same moment does not keep it.
    deleted, _ = Lock.objects.filter(instrument=instrument, user=user).delete()
    if deleted:
        logger.info("lock of %s released by %s", instrument, user)
    return bool(deleted)


def release_user(user: str) -> bool:
    """Give back whatever lock a person holds, in whichever session; return whether there was one."""
    lock = find_lock(user=user)
    return lock is not None and release(lock)


def break_lock(lock: Lock, *, by: Actor) -> None:
    """Take a lock away from its holder, and record who did so.

    Raises
    ------
    DeniedError
        Raised unless `by` is an admin for this instrument.
    UnknownLockError
        Raised if it was released or changed hands meanwhile.
    """
    if not by.has_role("admin", lock.instrument):
        raise DeniedError(f"Only an admin may break the {lock}.")
    with transaction.atomic():
        # First, as a confirmation does: in another order each could hold the row that the other waits for.
        take_turn()
        deleted, _ = Lock.objects.filter(pk=lock.pk, key=lock.key).delete()
        if not deleted:
            raise UnknownLockError(f"The {lock} does not exist any more. Nothing was changed.")
        audit.noted(
            Action.BREAK_LOCK, user=by.get_username(), instrument=lock.instrument, details=_description(lock)
        )
    logger.warning("%s broken by %s", lock, by.get_username())


def _description(lock: Lock) -> str:
    return f"{lock}, taken at {lock.created_at:%Y-%m-%d %H:%M:%S} UTC"
