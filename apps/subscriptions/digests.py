"""Digests: one mail for a person about all that became known for their subscriptions, each reference once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from apps.accounts.models import User
from apps.catalog import queries as catalog
from apps.catalog.addresses import file_page
from apps.catalog.models import File
from apps.core.addresses import absolute
from apps.mails import operations as outbox
from apps.subscriptions.models import PERIODS, Period, Subscription
from apps.subscriptions.unsubscribe_links import UnsubscribeLink

LISTED = 50  # references of one subscription in a mail
# Rows of a transaction that is still open have a time that has passed. They are visible a little later.
SETTLED = timedelta(minutes=5)
# The clock never calls at exactly the same second. Without this a daily mail would come later each day.
SLACK = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class DigestSection:
    """The part of a digest for one subscription: the newest references, and the number of all."""

    subscription: Subscription
    files: Sequence[DigestEntry]
    count: int
    page: str

    @property
    def more(self) -> int:
        """The number of references that are not listed."""
        return self.count - len(self.files)


@dataclass(frozen=True, slots=True)
class DigestEntry:
    """One reference in a digest."""

    name: str
    filekind: str
    useafter_at: datetime | None
    description: str
    page: str


def send_digests() -> int:
    """Write the mails of all subscriptions that are due, and return how many mails were written."""
    until = timezone.now() - SETTLED
    due = [
        row
        for row in Subscription.objects.filter(user__is_active=True).select_related("user")
        if row.covered_until + PERIODS[Period(row.period)] - SLACK <= until
    ]
    by_user: dict[User, list[Subscription]] = {}
    for row in due:
        by_user.setdefault(row.user, []).append(row)
    return sum(_send(user, rows, until) for user, rows in by_user.items())


@transaction.atomic
def _send(user: User, rows: Sequence[Subscription], until: datetime) -> bool:
    """Write the mail of one person, and note up to when it covers each subscription."""
    # The narrowest subscription lists a reference first; the others leave it out.
    narrowest_first = sorted(rows, key=lambda row: (not row.filekind, not row.instrument))
    sections = [_section(row, until) for row in narrowest_first if _take(row, until)]
    sections = [section for section in sections if section.count]
    if not sections or not user.email:
        return False
    link = UnsubscribeLink([section.subscription.pk for section in sections])
    page = {
        "unsubscribe": link.address,
        "sections": sections,
        "observatory": settings.OBSERVATORY,
        "until": until,
        "address": absolute(reverse("subscriptions:own")),
    }
    count = sum(section.count for section in sections)
    title = f"{count} new reference{'s' if count > 1 else ''}"
    outbox.post(
        key=f"digest-{user.pk}-{until:%Y%m%dT%H%M%S%f}",
        recipients=[user.email],
        subject=f"[CRDS {settings.OBSERVATORY} {settings.SERVER_STRING}] {title}",
        text=render_to_string("subscriptions/mails/digest.txt", {"page": page}),
        is_for_lists=False,
        unsubscribe=link.address,
    )
    return True


def _take(row: Subscription, until: datetime) -> bool:
    """Move the end of the covered time, unless another worker did. Only then this worker sends the mail."""
    same = Subscription.objects.filter(pk=row.pk, covered_until=row.covered_until)
    return bool(same.update(covered_until=until))


def _section(row: Subscription, until: datetime) -> DigestSection:
    files = _unread(row).filter(registered_at__lt=until)
    return DigestSection(row, [_listed(file) for file in files[:LISTED]], files.count(), _new_page(row))


def _unread(row: Subscription) -> QuerySet[File]:
    """Return the references of a subscription that no digest of another one has listed for this person."""
    files = catalog.newly_registered(row.covered_until, instrument=row.instrument, reftype=row.filekind)
    for other in Subscription.objects.filter(user=row.user_id).exclude(pk=row.pk):
        listed = Q(registered_at__gte=other.made_at, registered_at__lt=other.covered_until)
        if other.instrument:
            listed &= Q(instrument=other.instrument)
        if other.filekind:
            listed &= Q(filekind=other.filekind)
        files = files.exclude(listed)
    return files


def _new_page(row: Subscription) -> str:
    """Return the full address of the list of new references that a subscription is about."""
    given = {
        "registered": f"{row.covered_until:%Y-%m-%d}",
        "instrument": row.instrument,
        "type": row.filekind,
    }
    query = urlencode({name: value for name, value in given.items() if value})
    return absolute(f"{reverse('web:new')}?{query}")


def _listed(file: File) -> DigestEntry:
    page = absolute(file_page(file.name))
    return DigestEntry(file.name, file.filekind, file.useafter_at, file.description, page)
