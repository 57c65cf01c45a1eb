"""Check the files of a submission again, after the wrong ones were replaced."""

from apps.accounts.models import User
from apps.contexts import queries as contexts
from apps.submissions.models import Submission
from apps.submissions.operations.permissions import require_repeat
from apps.submissions.operations.start import SubmissionOptions, start


def repeat(
    submission: Submission, *, user: User, lock_key: str | None, channel: str | None, is_attended: bool
) -> Submission:
    """Start a submission with the texts of an earlier one and the files of the ingest area as they are now.

    A context that moves, edit or latest, is the present one.

    Parameters
    ----------
    lock_key, channel
        As in `start`.
    is_attended
        Whether somebody waits for the result in a browser.

    Raises
    ------
    DeniedError
        Raised if `user` is not the submitter.
    NotReadyError
        Raised if the submission did not fail, or has no uploaded files.
    CrdsError
        Raised as by `start`.
    """
    require_repeat(submission, user=user)
    mode = submission.context_mode
    options = SubmissionOptions(
        kind=submission.kind,
        instrument=submission.instrument,
        context_mode=mode,
        context=contexts.resolve_choice(mode, name="", text=submission.base, menu=""),
        change_level=submission.change_level,
        creator=submission.creator,
        description=submission.description,
        is_renamed=submission.is_renamed,
        is_compared=submission.is_compared,
        makes_contexts=submission.makes_contexts,
        other_email=submission.other_email,
        answers=submission.answers,
        is_attended=is_attended,
        repeats=submission,
    )
    return start(options, user=user, lock_key=lock_key, channel=channel)
