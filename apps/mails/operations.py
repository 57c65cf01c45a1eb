"""Operations that write mails and queue their jobs."""

import logging
from collections.abc import Iterable

from django.conf import settings
from django.db import transaction

from apps.jobs import operations as jobs
from apps.mails.addresses import usable
from apps.mails.models import Mail
from apps.mails.plain_text import one_line, paragraphs

logger = logging.getLogger(__name__)

JOB_KIND = "mail"


@transaction.atomic
def post(
    *,
    key: str,
    recipients: Iterable[str],
    subject: str,
    text: str,
    is_for_lists: bool = True,
    unsubscribe: str = "",
) -> None:
    """Write a mail; call this inside the transaction of the event that the mail reports.

    The mail exists if and only if that transaction is committed. A worker sends it afterwards. Errors of
    sending never reach the caller.

    Parameters
    ----------
    key
        Name of the event, such as ``submission-12-ready``; at most 200 characters. A second mail with the
        same key is not written.
    recipients
        Addresses as people typed them. Texts that are not addresses are logged and left out. The addresses
        of ``MAIL_LISTS`` are added.
    subject
        Any text; it becomes one line of at most 200 characters.
    text
        Plain text; links in it are absolute.
    is_for_lists
        Whether the addresses of ``MAIL_LISTS`` get it; a secret is for one person.
    unsubscribe
        Full address to which mail programs post when the reader wants no more such mails.
    """
    addresses = usable([*(settings.MAIL_LISTS if is_for_lists else ()), *recipients])
    if not addresses:
        logger.warning("mail %s was not written: it has no recipient", key)
        return
    mail, is_new = Mail.objects.get_or_create(
        key=key,
        defaults={
            "recipients": addresses,
            "subject": one_line(subject),
            "text": paragraphs(text),
            "unsubscribe": unsubscribe,
        },
    )
    if is_new:
        jobs.start(JOB_KIND, subject_id=mail.pk, user="", channel=None, is_watched=False)
