"""Limits on guessing local passwords.

Each attempt is stored before its password is checked, and deleted if the password was right. Attempts in
the last `LOGIN_WINDOW_SECONDS` are counted. One name from one address may fail `LOGIN_ATTEMPTS` times, and is
then refused. One address with any names may fail five times as often, and one name from all addresses ten
times as often. More attempts are not refused but delayed, because the address may be the proxy of a whole
institute, and the guesser need not be the owner of the name.

A browser in which a person has logged in before is a known device of that person. It is counted by itself, so
nobody elsewhere can delay or refuse it. All addresses of an IPv6 network of 64 bits count as one. Tokens are
not counted: nobody can guess 256 random bits.
"""

import threading
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from apps.accounts.errors import TooManyAttemptsError
from apps.accounts.models import Attempt
from apps.core.callers import caller_address, place_of

DELAY = 2.0  # seconds
# So many attempts wait at once in a process; the others are refused, so that they do not hold all threads.
WAITING = 2
_waiting = threading.BoundedSemaphore(WAITING)


def address_of(request: HttpRequest) -> str:
    """Return the address by which the caller of a request is counted; of IPv6 it is the network."""
    return place_of(caller_address(request.headers, str(request.META.get("REMOTE_ADDR", ""))))


def note(name: str, address: str, *, device: str = "") -> Attempt:
    """Store an attempt, wait if many others failed, and return it.

    Parameters
    ----------
    device
        Id of a known device of the person with this name; empty if it is not known.

    Raises
    ------
    TooManyAttemptsError
        Raised if too many failed before. The message says when to try again.
    """
    since = timezone.now() - timedelta(seconds=settings.LOGIN_WINDOW_SECONDS)
    Attempt.objects.filter(at__lte=since).delete()
    place = f"device {device}"[:64] if device else address
    attempt = Attempt.objects.create(name=name.lower()[:150], address=place)
    recent = Attempt.objects.filter(at__gt=since)
    limit = settings.LOGIN_ATTEMPTS
    _refuse_beyond(recent.filter(name=attempt.name, address=place), limit, attempt)
    is_busy = _are_beyond(recent.filter(address=address), 5 * limit) or _are_beyond(
        recent.filter(name=attempt.name), 10 * limit
    )
    if is_busy and not device:
        _delay(attempt)
    return attempt


def _are_beyond(attempts: QuerySet[Attempt], limit: int) -> bool:
    return attempts.count() > limit


def _delay(attempt: Attempt) -> None:
    """Wait before the password is checked, or refuse the attempt if others wait already."""
    if not _waiting.acquire(blocking=False):
        attempt.delete()
        raise TooManyAttemptsError(
            "Many logins failed here a moment ago. Try again in a few seconds, or use an API token."
        )
    try:
        time.sleep(DELAY)
    finally:
        _waiting.release()


def _refuse_beyond(attempts: QuerySet[Attempt], limit: int, attempt: Attempt) -> None:
    if not _are_beyond(attempts, limit):
        return
    # A refused attempt must not count, or somebody who keeps trying could never log in again.
    attempt.delete()
    oldest = attempts.order_by("at").values_list("at", flat=True).first()
    raise TooManyAttemptsError(
        f"Too many logins failed. Try again in {_wait(oldest)} minutes, or use an API token."
    )


def _wait(oldest: datetime | None) -> int:
    if oldest is None:
        return 1
    end = oldest + timedelta(seconds=settings.LOGIN_WINDOW_SECONDS)
    return max(1, -(-int((end - timezone.now()).total_seconds()) // 60))


def forget(attempt: Attempt) -> None:
    """Delete the failures of a name from an address after a success there."""
    Attempt.objects.filter(name=attempt.name, address=attempt.address).delete()
