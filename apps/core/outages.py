"""Outages: a database or disk that does not work now. People read so, and that nothing was changed.

Such an error is neither the fault of the caller nor of the program, so it gets no incident. It ends by itself
when the database or the disk is back.
"""

import errno
import logging
from collections.abc import Callable
from dataclasses import dataclass

from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse

from apps.core.bucket import BucketError
from apps.core.refusals import refusal

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]

RETRY_AFTER = "5"  # seconds
_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}
_DISK_STATES = {"53100", "58030", "25006"}  # SQLSTATE: disk full, I/O error, read-only transaction
_BUSY_STATES = {"55P03", "57014", "40P01", "40001"}  # lock or statement timeout, deadlock, serialization
_RESTED_STATES = {"25P03", "25P04"}  # a transaction that did nothing, or lasted, for too long
_DISK_TEXTS = ("disk is full", "readonly database", "disk i/o error", "unable to open database")


@dataclass(frozen=True, slots=True)
class Outage:
    """A part that does not work now: one word for programs, and a sentence for people."""

    code: str
    text: str


DATABASE = Outage(
    "database_away",
    "The database of this server does not answer now. Nothing was changed. Try again in a minute; this is a "
    "matter for the operators, not for you.",
)
BUSY = Outage(
    "busy",
    "Another change is taking very long, so this one gave up. Nothing was changed. Try again in a minute.",
)
DISK = Outage(
    "disk",
    "The disk of this server is full or cannot be written now. Nothing was changed. This is a matter for the "
    "operators, not for you; tell them, and try again later.",
)
BUCKET = Outage(
    "bucket_away",
    "The bucket that holds the files of this server does not answer now. Nothing was changed. Try again in a "
    "minute; this is a matter for the operators, not for you.",
)
# After these the same work may succeed a little later.
PASSING = (DATABASE, BUSY, BUCKET)


def find_outage(error: BaseException | None) -> Outage | None:
    """Return the outage that an exception describes; None if the exception has another cause."""
    if isinstance(error, BucketError):
        return BUCKET
    if isinstance(error, OSError):
        return DISK if error.errno in _DISK_ERRORS else None
    state = getattr(error.__cause__, "sqlstate", None) if error else None
    if isinstance(error, InternalError) and state in _RESTED_STATES:
        return BUSY
    if not isinstance(error, OperationalError | InterfaceError):
        return None
    text = str(error).lower()
    if state in _DISK_STATES or any(words in text for words in _DISK_TEXTS):
        return DISK
    if state in _BUSY_STATES or "is locked" in text:
        return BUSY
    # The other errors of PostgreSQL with a state come from statements, unless they end the connection.
    is_lost = state is None or state.startswith(("08", "57P", "53"))
    return DATABASE if is_lost and "no such" not in text else None


def outage_page(request: HttpRequest, outage: Outage) -> HttpResponse:
    """Return the answer to a request that an outage has stopped."""
    title = "The server cannot do this now"
    headers = {"Retry-After": RETRY_AFTER}
    return refusal(request, None, title=title, text=outage.text, status=503, headers=headers)


class AnswerOutages:
    """Middleware that answers 503 instead of an internal error while the database or the disk is away."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer an exception of a view if it describes an outage."""
        outage = find_outage(exception)
        if outage is None:
            return None
        logger.warning("answered %s with 503, %s: %s", request.path, outage.code, exception)
        return outage_page(request, outage)
