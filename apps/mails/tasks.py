"""The bell, and work that beat asks for."""

from celery import shared_task

from apps.core.broker import publish
from apps.mails import pipeline, queries

RING_AGAIN = 60  # Seconds between two sweeps, and until a bell that nobody heard is thrown away.


@shared_task(acks_late=True)
def deliver(mail_id: int) -> None:
    pipeline.deliver(mail_id)


def ring(mail_id: int) -> None:
    """Tell some worker that a mail waits. A broker that is away delays it only: the sweep rings again."""
    # Messages expire, or those of the sweep would pile up in front of busy workers.
    publish(deliver, mail_id, about=f"mail {mail_id}", expires=RING_AGAIN)


@shared_task
def sweep() -> None:
    """Put back what dead workers left, and ring for what waits."""
    pipeline.put_back_lost_mails()
    for mail_id in queries.due_mails():
        ring(mail_id)
