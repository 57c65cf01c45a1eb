"""The repeated certification of an official reference, and the last result."""

from dataclasses import dataclass
from datetime import datetime

from apps.accounts.models import User
from apps.catalog.models import File
from apps.contexts import queries as contexts
from apps.submissions import operations, queries
from apps.submissions.models import Submission
from apps.submissions.states import ContextMode, Kind

_LOOKS = {"OK": "good", "Warnings": "warn", "ERRORS": "bad"}


@dataclass(frozen=True, slots=True)
class Recertification:
    """The last certify run of a file.

    Attributes
    ----------
    address
        The page of the run, which shows its progress.
    verdict, look
        The word of the result and its colour; the status of the run until there is a result.
    log
        Level and text of each line.
    """

    at: datetime
    context: str
    address: str
    verdict: str
    look: str
    log: list[list[str]]


def find_check(file: File) -> Recertification | None:
    """Return the last certify run of a file, or None if there was none."""
    found = queries.last_check_of(file.name)
    if found is None:
        return None
    run = found.submission
    return Recertification(
        at=run.started_at,
        context=run.base,
        address=run.get_absolute_url(),
        verdict=found.verdict or run.get_status_display(),
        look=_LOOKS.get(found.verdict, "plain"),
        log=found.log,
    )


def start_check(file: File, *, user: User) -> Submission:
    """Queue a check of a file against the latest context, or return the run that is not finished yet.

    Raises
    ------
    DeniedError, InvalidInputError, UnknownContextError, UnusableContextError
        Raised as by `operations.start`, and if no context is latest.
    """
    running = queries.last_check_of(file.name)
    if running is not None and running.submission.is_alive:
        return running.submission
    options = operations.SubmissionOptions(
        kind=Kind.CERTIFY,
        context_mode=ContextMode.LATEST,
        context=contexts.resolve_pipeline(None),
        names=(file.name,),
        is_compared=False,
    )
    return operations.start(options, user=user, lock_key=None, channel=None)
