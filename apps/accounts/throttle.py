"""Slows down guessing of local passwords.

Each attempt is noted before its password is looked at, and forgotten when it was right. Three counts over
the last `LOGIN_WINDOW_SECONDS` refuse the next one: of one name from one address (so that nobody can shut
out a colleague elsewhere), of one address, and of one name from everywhere at ten times the first. Tokens
are not counted: 256 random bits are not guessed, and programs must not be shut out by somebody who guesses.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from apps.accounts.errors import TooManyAttemptsError
from apps.accounts.models import Attempt


def address_of(request: HttpRequest) -> str:
    """Return where a request comes from, as the proxy says if `CLIENT_ADDRESS_HEADER` trusts one."""
    if name := settings.CLIENT_ADDRESS_HEADER:
        # The last entry is the proxy's own; those before it the caller can make up.
        return request.headers.get(name, "").split(",")[-1].strip()[:64]
    return str(request.META.get("REMOTE_ADDR", ""))[:64]


def note(name: str, address: str) -> Attempt:
    """Note an attempt.

    Raises
    ------
    TooManyAttemptsError
        Raised if too many failed before; the message says when to try again.
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
    # A refused attempt does not count, or somebody who keeps trying would never get in again.
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
    """Forget the failures of a name at an address after a success there."""
    Attempt.objects.filter(name=attempt.name, address=attempt.address).delete()
