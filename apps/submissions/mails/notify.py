"""Facts about a submission for its mails, and one function for each occasion to write a mail."""

from datetime import datetime

from django.urls import reverse

from apps.core.addresses import absolute
from apps.rules.naming.file_names import is_mapping
from apps.submissions.mails import texts
from apps.submissions.models import Submission
from apps.submissions.states import Status


def facts(submission: Submission, *, lock_ends_at: datetime | None = None) -> texts.MailFacts:
    """Return the facts for the mails of a submission, as they are now."""
    files = list(submission.files.all())
    lines = [line for file in files for line in file.log]
    lines += [line for test in submission.tests for line in test["log"]]
    return texts.MailFacts(
        key=str(submission.key),
        kind=submission.title,
        instrument=submission.instrument,
        user=submission.user,
        user_email=submission.user_email,
        other_emails=tuple(part.strip() for part in submission.other_email.split(",") if part.strip()),
        files=tuple(file.name for file in files if file.origin != "generated"),
        context=submission.base,
        description=submission.description,
        log_url=submission.log_url,
        result_url=submission.result_url,
        errors=tuple(text for level, text in lines if level == "ERROR"),
        warnings=tuple(text for level, text in lines if level == "WARNING"),
        new_names=tuple((file.name, file.official_name) for file in files if file.is_reserved),
        new_pmap=submission.new_context,
        catalogue=submission.delivery,
        diff_url=_difference_url(submission),
        reason=submission.reason,
        acted_by=submission.ended_by,
        lock_ends_at=lock_ends_at,
    )


def _difference_url(submission: Submission) -> str:
    if not is_mapping(submission.new_context):
        return ""
    return absolute(
        f"{reverse('web:difference')}?file1={submission.final_base}&file2={submission.new_context}"
    )


def started(submission: Submission) -> None:
    """Write the mail that the submission was accepted."""
    texts.started(facts(submission))


def ready(submission: Submission) -> None:
    """Write the mail that the submission waits to be confirmed or cancelled."""
    texts.ready(facts(submission))


def ended(submission: Submission) -> None:
    """Write the mail about the end of the submission: confirmed, forced, cancelled, failed or timed out."""
    if submission.is_adopted:
        texts.confirmed(facts(submission), is_forced=submission.status == Status.FORCED)
    elif submission.status == Status.CANCELLED:
        texts.cancelled(facts(submission))
    else:
        texts.failed(facts(submission))


def lock_ending(submission: Submission, *, at: datetime) -> None:
    """Write the mail that the lock of the submission ends soon."""
    texts.lock_ending(facts(submission, lock_ends_at=at))
