"""The bell, and work that beat asks for."""

import logging

from celery import shared_task
from kombu.exceptions import OperationalError

from apps.mails import pipeline, queries

logger = logging.getLogger(__name__)

RING_AGAIN = 60  # Seconds between two sweeps, and until a bell that nobody heard is thrown away.


@shared_task(acks_late=True)
def deliver(mail_id: int) -> None:
    pipeline.deliver(mail_id)


def ring(mail_id: int) -> None:
    """Tell some worker that a mail waits. A broker that is away delays it only: the sweep rings again."""
    try:
        # Bells expire, or those of the sweep would pile up in front of busy workers.
        deliver.apply_async((mail_id,), retry=False, expires=RING_AGAIN)
    except (OperationalError, OSError) as exc:
        logger.error("the bell of mail %s did not ring: %s", mail_id, exc)


@shared_task
def sweep() -> None:
    """Put back what dead workers left, and ring for what waits."""
    pipeline.put_back_lost_mails()
    for mail_id in queries.due_mails():
        ring(mail_id)
