"""Limits on guessing local passwords.

Each attempt is stored before its password is checked, and deleted if the password was right. Three counts of
attempts in the last `LOGIN_WINDOW_SECONDS` are limited: one name from one address (so that nobody can shut
out a colleague elsewhere) to `LOGIN_ATTEMPTS`, one address to five times as many, and one name from all
addresses to ten times as many. Tokens are not counted: nobody can guess 256 random bits, and somebody who
guesses passwords must not shut out programs.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from apps.accounts.errors import TooManyAttemptsError
from apps.accounts.models import Attempt


def address_of(request: HttpRequest) -> str:
    """Return the address of the caller; a trusted proxy gives it in `CLIENT_ADDRESS_HEADER`."""
    if name := settings.CLIENT_ADDRESS_HEADER:
        # The proxy wrote the last entry. The caller can make up those before it.
        return request.headers.get(name, "").split(",")[-1].strip()[:64]
    return str(request.META.get("REMOTE_ADDR", ""))[:64]


def note(name: str, address: str) -> Attempt:
    """Store an attempt, and return it.

    Raises
    ------
    TooManyAttemptsError
        Raised if too many failed before. The message says when to try again.
    """
    since = timezone.now() - timedelta(seconds=settings.LOGIN_WINDOW_SECONDS)
    Attempt.objects.filter(at__lte=since).delete()
    attempt = Attempt.objects.create(name=name.lower()[:150], address=address)
    recent = Attempt.objects.filter(at__gt=since)
    limit = settings.LOGIN_ATTEMPTS
    _refuse_beyond(recent.filter(name=attempt.name, address=address), limit, attempt)
    _refuse_beyond(recent.filter(address=address), 5 * limit, attempt)
    _refuse_beyond(recent.filter(name=attempt.name), 10 * limit, attempt)
    return attempt


def _refuse_beyond(attempts: QuerySet[Attempt], limit: int, attempt: Attempt) -> None:
    if attempts.count() <= limit:
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
