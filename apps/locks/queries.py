"""Reads of locks."""

import uuid

from django.conf import settings
from django.db.models import QuerySet

from apps.locks.errors import NoLockError, NoSuchInstrumentError
from apps.locks.models import Lock
from apps.rules.observatories import get_observatory

NONE = "none"  # The choice of people who need no lock.


def instruments() -> tuple[str, ...]:
    """Return the instruments that can be locked, lower case, sorted."""
    return get_observatory(settings.OBSERVATORY).instruments


def require_instrument(name: str) -> str:
    """Return an instrument in lower case.

    Raises
    ------
    NoSuchInstrumentError
        Raised if the observatory has no instrument of this name.
    """
    if name.lower() in instruments():
        return name.lower()
    raise NoSuchInstrumentError(
        f"{settings.OBSERVATORY} has no instrument {name[:40]!r}; it has {', '.join(instruments())}."
    )


def all_locks() -> QuerySet[Lock]:
    """Return all locks, sorted by instrument; expired ones are included."""
    return Lock.objects.order_by("instrument")


def find_lock(*, user: str | None = None, instrument: str | None = None) -> Lock | None:
    """Return the lock of a person or of an instrument, expired or not; None if there is none."""
    wanted = {name: value for name, value in (("user", user), ("instrument", instrument)) if value}
    if not wanted:
        raise TypeError("find_lock needs a user or an instrument")
    return Lock.objects.filter(**wanted).first()


def find_held(user: str, *, key: str | uuid.UUID | None = None) -> Lock | None:
    """Return the lock that a person holds now; if `key` is given, in the session that keeps that key."""
    lock = find_lock(user=user)
    return lock if lock and lock.is_held_by(user, key=key) else None


def find_tenure(instrument: str, tenure: uuid.UUID | None, *, for_update: bool = False) -> Lock | None:
    """Return the lock of an instrument if one person has held it without a gap under this tenure.

    Parameters
    ----------
    tenure
        None matches no lock.
    for_update
        Lock the row, so that nobody changes it before the end of the transaction.

    Returns
    -------
    lock
        The lock, expired or not. None if it was released, broken, or taken by somebody after it expired.
    """
    if tenure is None:
        return None
    locks = Lock.objects.select_for_update() if for_update else Lock.objects.all()
    return locks.filter(instrument=instrument, tenure=tenure).first()


def require_lock(instrument: str, *, user: str, key: str | uuid.UUID | None = None) -> Lock:
    """Return the unexpired lock of an instrument that a person holds.

    Parameters
    ----------
    instrument, user
        Instrument that must be locked, and the person who must hold the lock.
    key
        Key that the session keeps (`sessions.key_of`). Without it any session of the person may hold it.

    Raises
    ------
    NoLockError
        Raised if the person does not hold it. The message says who does, or that it expired.
    """
    lock = find_lock(instrument=instrument)
    if lock is not None and lock.is_held_by(user, key=key):
        return lock
    raise NoLockError(_reason(lock, instrument, user))


def _reason(lock: Lock | None, instrument: str, user: str) -> str:
    if lock is None:
        return f"You do not hold the lock of {instrument}. Log in again and choose {instrument} to take it."
    if lock.is_expired:
        return f"The lock of {instrument} has expired. Log in again and choose {instrument} to take it."
    if lock.user == user:
        return (
            f"Another session of yours took the lock of {instrument} at "
            f"{lock.created_at:%Y-%m-%d %H:%M:%S} UTC. Log in again here to take it over."
        )
    return (
        f"The lock of {instrument} is held by {lock.user} since {lock.created_at:%Y-%m-%d %H:%M:%S} UTC; "
        f"{lock.countdown} is left."
    )
