"""What a worker does with a mail."""

import logging
from datetime import timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.core.errors import ConflictError
from apps.mails.models import Mail
from apps.mails.plain_text import one_line
from apps.mails.states import Status

logger = logging.getLogger(__name__)

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=6)
# One recipient takes some ten answers of the mail server, each within MAIL_TIMEOUT: a worker that has not
# been heard of for twice as long is dead.
ANSWERS = 20
LONGEST_ERROR = 2000  # characters


def deliver(mail_id: int) -> None:
    """Send a mail to those who do not have it yet, unless another worker does so or did.

    Whatever goes wrong is recorded and logged, and the mail is tried again later: nobody waits for it here.
    """
    mail = claim(mail_id)
    if mail is None:
        return
    try:
        _record(mail, "; ".join(_send(mail)))
    except ConflictError:
        logger.warning("%s was lost by its worker, attempt %d", mail, mail.attempts)


def claim(mail_id: int) -> Mail | None:
    """Take a mail that waits, or return None if it does not: of any number of workers one gets it."""
    now = timezone.now()
    with transaction.atomic():
        waiting = Mail.objects.filter(pk=mail_id, status=Status.WAITING, not_before__lte=now)
        taken = waiting.update(status=Status.SENDING, attempts=F("attempts") + 1, claimed_at=now)
        return Mail.objects.get(pk=mail_id) if taken else None


def _send(mail: Mail) -> list[str]:
    """Send the mail, and return what kept it from some or all of its recipients."""
    problems: list[str] = []
    try:
        with get_connection() as server:
            problems += _send_to_each(mail, server)
    except ConflictError:
        raise
    except (
        OSError
    ) as exc:  # The mail server is away, or refuses us; the errors of smtplib are of this family.
        problems.append(f"{type(exc).__name__}: {exc}")
    except Exception as exc:  # We must correct it; meanwhile the mail waits like any other.
        logger.exception("%s cannot be sent", mail)
        problems.append(f"{type(exc).__name__}: {exc}")
    return problems


def _send_to_each(mail: Mail, server: BaseEmailBackend) -> list[str]:
    """Send one copy for each recipient, so that a bad address costs the others nothing."""
    refused = []
    for address in mail.missing:
        try:
            _message(mail, address, server).send()
        except (SMTPRecipientsRefused, SMTPDataError) as exc:
            refused.append(f"{address}: {exc}")
        else:
            mail.delivered_to = [*mail.delivered_to, address]
        _keep_claim(mail)
    return refused


def _message(mail: Mail, address: str, server: BaseEmailBackend) -> EmailMessage:
    """Return the copy for one recipient, whose header names all of them."""
    made = f"{settings.OBSERVATORY}-{settings.SERVER_STRING}-{mail.pk}-{mail.made_at:%Y%m%d%H%M%S}"
    headers = {
        "To": ", ".join(mail.recipients),
        # The same in each attempt: a mail that comes twice is recognised.
        "Message-ID": f"<crds-{made}@{urlsplit(settings.PUBLIC_URL).hostname}>",
        "Auto-Submitted": "auto-generated",  # Keeps out-of-office programs from answering (RFC 3834).
    }
    return EmailMessage(
        mail.subject, mail.text, settings.MAIL_FROM, [address], connection=server, headers=headers
    )


def _keep_claim(mail: Mail) -> None:
    """Note who has the mail by now, and that its worker is alive; raise if another worker has the mail."""
    mine = Mail.objects.filter(mail.guard(), pk=mail.pk, status=Status.SENDING)
    if not mine.update(delivered_to=mail.delivered_to, claimed_at=timezone.now()):
        raise ConflictError(f"{mail} is no longer sent by this worker.")


def _record(mail: Mail, problem: str) -> None:
    """Write down how an attempt ended. A server that has taken all copies may still say goodbye badly."""
    now = timezone.now()
    if not mail.missing:
        mail.enter(Status.SENT, sent_at=now, error="")
        logger.info("%s is sent to %d addresses", mail, len(mail.recipients))
        return
    error = one_line(problem, LONGEST_ERROR)
    if mail.attempts >= settings.MAIL_ATTEMPTS:
        mail.enter(Status.FAILED, error=error)
        logger.error("%s has failed after %d attempts: %s", mail, mail.attempts, error)
        return
    mail.enter(Status.WAITING, error=error, not_before=now + pause_after(mail.attempts))
    logger.warning("%s waits until %s: %s", mail, mail.not_before, error)


def pause_after(attempts: int) -> timedelta:
    """Return how long a mail waits after so many attempts: 1, 4, 16, 64 and 256 minutes, then six hours."""
    return min(FIRST_PAUSE * 4 ** min(attempts - 1, 10), LONGEST_PAUSE)


def put_back_lost_mails() -> int:
    """Let mails whose worker died wait again, or end those that were tried often enough; return how many."""
    limit = timezone.now() - timedelta(seconds=ANSWERS * settings.MAIL_TIMEOUT)
    lost = Mail.objects.filter(status=Status.SENDING, claimed_at__lt=limit)
    return sum(_put_back(mail) for mail in lost)


def _put_back(mail: Mail) -> bool:
    # The time of the claim is looked at again in the same UPDATE: the worker may have spoken meanwhile.
    mine = Mail.objects.filter(mail.guard(), pk=mail.pk, status=Status.SENDING, claimed_at=mail.claimed_at)
    is_last = mail.attempts >= settings.MAIL_ATTEMPTS
    status = Status.FAILED if is_last else Status.WAITING
    if not mine.update(
        status=status, error="The worker that was sending it died.", not_before=timezone.now()
    ):
        return False
    logger.error("the worker of %s died in attempt %d; it is %s", mail, mail.attempts, status)
    return True
