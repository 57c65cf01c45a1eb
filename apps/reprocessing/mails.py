"""Mails about a transition (website, section 9.2)."""

from django.conf import settings
from django.template.loader import render_to_string

from apps.core.addresses import absolute
from apps.mails import operations as outbox
from apps.reprocessing.models import Transition


def ended(row: Transition, *, attempt: int) -> None:
    """Send the lists the outcome of a search. Call it inside the transaction that ends the search.

    Parameters
    ----------
    attempt
        Key of the job that ended. Each search of a transition sends its own mail.
    """
    site = f"[CRDS {settings.OBSERVATORY} {settings.SERVER_STRING}]"
    address = absolute(row.get_absolute_url())
    page = {"transition": row, "address": address, "server": settings.PUBLIC_URL}
    outbox.post(
        key=f"reprocessing-{row.pk}-{attempt}",
        recipients=[],
        subject=f"{site} REPRO {row.status.upper()} {row.old} --> {row.new}",
        text=render_to_string("reprocessing/mails/ended.txt", {"page": page}),
    )
