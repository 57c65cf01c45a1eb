"""What somebody asks of the outbox."""

import logging
from collections.abc import Iterable

from django.conf import settings
from django.db import transaction

from apps.mails import tasks
from apps.mails.addresses import usable
from apps.mails.models import Mail
from apps.mails.plain_text import one_line, paragraphs

logger = logging.getLogger(__name__)


def post(*, key: str, recipients: Iterable[str], subject: str, text: str) -> None:
    """Put a mail into the outbox; call it inside the transaction of what the mail tells of.

    The mail exists if and only if that transaction is committed. A worker sends it afterwards, and nothing
    that goes wrong there comes back to the caller.

    Parameters
    ----------
    key
        Names what the mail tells of, ``submission-12-ready`` say; at most 200 characters. A second mail of
        the same key is not written.
    recipients
        Addresses as people typed them. Those that are none are logged and left out; the addresses of
        ``MAIL_LISTS`` are added.
    subject
        Whatever it holds ends in one line of at most 200 characters.
    text
        Plain text; links in it are absolute.
    """
    addresses = usable([*settings.MAIL_LISTS, *recipients])
    if not addresses:
        logger.warning("mail %s has no recipient and is not written", key)
        return
    mail, is_new = Mail.objects.get_or_create(
        key=key,
        defaults={"recipients": addresses, "subject": one_line(subject), "text": paragraphs(text)},
    )
    if is_new:
        # Robust: even an error nobody foresaw is logged and not raised to the caller, whose work is done.
        # No `partial`: Django logs the name of the function, and that has none.
        transaction.on_commit(lambda: tasks.ring(mail.pk), robust=True)
