"""Permissions to confirm, force or cancel a submission, for the page and for the operations alike."""

from apps.accounts.models import User
from apps.core.access import Role
from apps.core.errors import DeniedError
from apps.locks.models import Lock
from apps.submissions.errors import NotReadyError, UnprotectedError
from apps.submissions.models import Submission
from apps.submissions.queries import why_unprotected
from apps.submissions.states import REPEATABLE, UPLOADING, Origin, Status


def require_confirm(submission: Submission, *, user: User, protection: Lock | None) -> None:
    """Refuse to confirm unless the submitter asks for it and the lock still protects the submission.

    Parameters
    ----------
    protection
        The answer of `queries.find_protection`.

    Raises
    ------
    DeniedError
        Raised if `user` is not the submitter, or may not submit for the instrument.
    NotReadyError
        Raised if the submission is not ready yet, or is over.
    UnprotectedError
        Raised if the submitter has not held the lock without a gap.
    """
    if user.get_username() != submission.user:
        raise DeniedError(
            f"Only {submission.user} may confirm this submission. You can force it when its lock has ended."
        )
    _require_ready(submission, Status.CONFIRMED)
    _require_submitter(submission, user)
    if protection is None:
        raise UnprotectedError(
            f"{why_unprotected(submission)} No lock protects this submission any longer: force or cancel it."
        )


def require_force(submission: Submission, *, user: User, protection: Lock | None) -> None:
    """Refuse to force while the lock protects the submission.

    Raises
    ------
    DeniedError
        Raised if `user` may not submit for the instrument.
    NotReadyError
        Raised if the submission is not ready yet, or is over.
    UnprotectedError
        Raised while the lock protects the submission.
    """
    _require_ready(submission, Status.FORCED)
    _require_submitter(submission, user)
    if protection is not None:
        raise UnprotectedError(
            f"{submission.user} still holds the lock of {submission.instrument} for this submission, until "
            f"{protection.expires_at:%H:%M} UTC at least. You can force it when the lock has ended."
        )


def require_cancel(submission: Submission, *, user: User, protection: Lock | None) -> None:
    """Refuse to cancel a submission that is over, or that the lock of somebody else protects.

    Raises
    ------
    DeniedError
        Raised if the lock of somebody else protects it, or `user` may not submit for the instrument. Only its
        submitter or an operator may cancel a certify run without an instrument, because no team shares it.
    NotReadyError
        Raised if the submission is over.
    """
    _require_submitter(submission, user)
    is_own = user.get_username() == submission.user
    if not submission.instrument and not is_own and not user.has_role(Role.OPERATOR):
        raise DeniedError(f"Only {submission.user} or an operator may cancel this run.")
    if not is_own and protection is not None:
        raise DeniedError(
            f"{submission.user} holds the lock of {submission.instrument} for this submission until "
            f"{protection.expires_at:%H:%M} UTC at least. Until then, nobody else may cancel it."
        )
    if not submission.is_alive:
        raise NotReadyError(f"This submission is {submission.status} and cannot be cancelled.")


def require_repeat(submission: Submission, *, user: User) -> None:
    """Refuse to check files again unless the submitter asks for it, and the checks of uploaded files failed.

    Raises
    ------
    DeniedError
        Raised if `user` is not the submitter.
    NotReadyError
        Raised if the submission did not fail, or its files were not uploaded.
    """
    if user.get_username() != submission.user:
        raise DeniedError(f"Only {submission.user} may check these files again.")
    if submission.status not in REPEATABLE:
        raise NotReadyError(
            f"This submission is {submission.status}. Only a failed one can be checked again."
        )
    if submission.kind not in UPLOADING or submission.files.filter(origin=Origin.LISTED).exists():
        raise NotReadyError("This submission has no uploaded files. Start a new one.")


def _require_ready(submission: Submission, wanted: Status) -> None:
    if submission.status != Status.READY:
        raise NotReadyError(
            f"This submission is {submission.status}. Only a ready submission can be {wanted}."
        )


def _require_submitter(submission: Submission, user: User) -> None:
    if not user.has_role(Role.SUBMITTER, submission.instrument):
        where = submission.instrument or "any instrument"
        raise DeniedError(f"{user} may not submit files of {where}.")
