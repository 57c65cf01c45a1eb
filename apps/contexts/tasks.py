"""Tasks that beat starts on schedule."""

from celery import shared_task

from apps.contexts import listings
from apps.contexts.operations import renew_states


@shared_task
def follow_archive() -> None:
    """Set files of the latest context to ``latest`` that have arrived in the archive."""
    renew_states()


@shared_task
def keep_listings() -> None:
    """Count the files of new contexts, and list the rules in use."""
    listings.keep_listings()
