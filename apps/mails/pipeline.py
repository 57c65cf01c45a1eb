"""The function of the jobs that send mails."""

import logging
from smtplib import SMTPDataError, SMTPRecipientsRefused
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.utils import timezone

from apps.jobs.errors import JobStopped, TryLater
from apps.jobs.models import Job
from apps.jobs.pauses import pause_after
from apps.jobs.pipeline import require_claim
from apps.mails.models import Mail
from apps.mails.plain_text import one_line

logger = logging.getLogger(__name__)

LONGEST_ERROR = 2000  # characters


def run(job: Job) -> None:
    """Send a mail to the recipients who do not have it yet.

    Raises
    ------
    TryLater
        Raised if a recipient does not have it after this attempt.
    """
    mail = Mail.objects.get(pk=job.subject_id or 0)
    problem = one_line("; ".join(_send(job, mail)), LONGEST_ERROR)
    if mail.missing:
        _note(job, mail, error=problem)
        raise TryLater(problem, pause=pause_after(job.attempts))
    # The server has taken all copies. An error while the connection was closed does not count.
    _note(job, mail, error="", sent_at=timezone.now())
    logger.info("%s was sent to %d addresses", mail, len(mail.recipients))


def _send(job: Job, mail: Mail) -> list[str]:
    """Send the mail, and return the problems that kept it from some or all of its recipients."""
    problems: list[str] = []
    try:
        with get_connection() as server:
            problems += _send_to_each(job, mail, server)
    except JobStopped:
        raise
    # The mail server is away or refuses us. The errors of smtplib are subclasses of OSError.
    except OSError as exc:
        problems.append(f"{type(exc).__name__}: {exc}")
    except Exception as exc:  # The fault is ours. The mail waits for its next attempt like any other.
        logger.exception("%s cannot be sent", mail)
        problems.append(f"{type(exc).__name__}: {exc}")
    return problems


def _send_to_each(job: Job, mail: Mail, server: BaseEmailBackend) -> list[str]:
    """Send one copy to each recipient, so that a bad address does not affect the others."""
    refused = []
    for address in mail.missing:
        try:
            _message(mail, address, server).send()
        except (SMTPRecipientsRefused, SMTPDataError) as exc:
            refused.append(f"{address}: {exc}")
        else:
            mail.delivered_to = [*mail.delivered_to, address]
        _note(job, mail, delivered_to=mail.delivered_to)
    return refused


def _message(mail: Mail, address: str, server: BaseEmailBackend) -> EmailMessage:
    """Return the copy for one recipient, whose header names all of them."""
    made = f"{settings.OBSERVATORY}-{settings.SERVER_STRING}-{mail.pk}-{mail.made_at:%Y%m%d%H%M%S}"
    headers = {
        "To": ", ".join(mail.recipients),
        # The same in each attempt, so that mail programs recognise a second copy.
        "Message-ID": f"<crds-{made}@{urlsplit(settings.PUBLIC_URL).hostname}>",
        "Auto-Submitted": "auto-generated",  # Keeps out-of-office programs from answering (RFC 3834).
    }
    if mail.unsubscribe:  # Mail programs make a button of it (RFC 8058).
        headers["List-Unsubscribe"] = f"<{mail.unsubscribe}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return EmailMessage(
        mail.subject, mail.text, settings.MAIL_FROM, [address], connection=server, headers=headers
    )


@transaction.atomic
def _note(job: Job, mail: Mail, **changes: Any) -> None:
    """Store the progress of a mail, if this worker still has its job."""
    require_claim(job)
    Mail.objects.filter(pk=mail.pk).update(**changes)
