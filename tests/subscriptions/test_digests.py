"""Digests of new references by mail."""

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.catalog.models import File
from apps.mails.models import Mail
from apps.subscriptions.digests import LISTED, send_digests
from apps.subscriptions.errors import BadSubscriptionError
from apps.subscriptions.models import Period, Subscription
from apps.subscriptions.operations import subscribe
from tests.factories.accounts import make_user
from tests.factories.catalog import make_file

pytestmark = pytest.mark.django_db


def make_subscription(
    user: User | None = None,
    *,
    instrument: str = "miri",
    filekind: str = "",
    period: Period = Period.DAILY,
    age: timedelta = timedelta(days=1, hours=1),
) -> Subscription:
    """Return a subscription whose digests end `age` ago."""
    user = user or make_user(email="homer@example.org")
    row = subscribe(user, instrument=instrument, filekind=filekind, period=period)
    Subscription.objects.filter(pk=row.pk).update(covered_until=timezone.now() - age)
    row.refresh_from_db()
    return row


def deliver(
    name: str, *, instrument: str = "miri", filekind: str = "flat", at: datetime | None = None
) -> File:
    at = at or timezone.now() - timedelta(hours=2)
    return make_file(
        name,
        instrument=instrument,
        filekind=filekind,
        delivered_at=at,
        registered_at=at,
        description="better flats",
    )


def test_a_digest_names_what_was_delivered_since_the_last_one() -> None:
    row = make_subscription()
    deliver("jwst_miri_flat_0001.fits")
    deliver("jwst_miri_flat_0000.fits", at=row.covered_until - timedelta(seconds=1))
    deliver("jwst_nircam_flat_0001.fits", instrument="nircam")
    assert [send_digests(), send_digests()] == [1, 0]
    mail = Mail.objects.get()
    assert mail.recipients == ["homer@example.org"]
    assert "1 new reference" in mail.subject
    assert "jwst_miri_flat_0001.fits (flat" in mail.text
    assert "better flats" in mail.text
    assert "0000" not in mail.text
    assert "nircam" not in mail.text


def test_a_digest_names_once_what_an_import_registers_with_an_older_delivery(client: Client) -> None:
    row = make_subscription()
    long_ago = timezone.now() - timedelta(days=900)
    for number in range(LISTED + 1):
        file = deliver(f"jwst_miri_flat_{number:04}.fits")
        File.objects.filter(pk=file.pk).update(delivered_at=long_ago)
    assert send_digests() == 1
    mail = Mail.objects.get()
    assert f"{LISTED + 1} new references" in mail.subject
    assert mail.text.count("jwst_miri_flat_") == 2 * LISTED, "a name and an address each"
    more = re.search(r"and 1 more: https?://[^/]+(\S+)", mail.text)
    assert more
    assert "jwst_miri_flat_0000.fits" in client.get(f"{more[1]}&page=2").content.decode()
    # The next digest begins where this one ended, a day later.
    File.objects.update(registered_at=timezone.now() - timedelta(days=1, hours=3))
    Subscription.objects.filter(pk=row.pk).update(covered_until=timezone.now() - timedelta(days=1, hours=1))
    assert send_digests() == 0


@pytest.mark.parametrize("is_same_time", [True, False])
def test_overlapping_subscriptions_name_a_reference_once(is_same_time: bool) -> None:
    user = make_user(email="homer@example.org")
    wide = make_subscription(user)
    narrow = make_subscription(user, filekind="flat")
    Subscription.objects.update(made_at=timezone.now() - timedelta(days=9))
    if not is_same_time:
        Subscription.objects.filter(pk=wide.pk).update(period=Period.WEEKLY)
    deliver("jwst_miri_flat_0001.fits")
    deliver("jwst_miri_dark_0001.fits", filekind="dark")
    assert send_digests() == 1
    if not is_same_time:
        assert "dark" not in Mail.objects.get().text
        week_ago = timezone.now() - timedelta(days=8)
        Subscription.objects.filter(pk=wide.pk).update(covered_until=week_ago)
        assert send_digests() == 1
    text = "".join(mail.text for mail in Mail.objects.order_by("pk"))
    assert text.index(narrow.subject) < text.index("jwst_miri_flat_0001.fits (")
    assert [text.count(f"{name}_0001.fits (") for name in ("jwst_miri_flat", "jwst_miri_dark")] == [1, 1]


def test_nothing_new_is_no_mail_but_is_covered() -> None:
    row = make_subscription()
    assert send_digests() == 0
    covered = Subscription.objects.get(pk=row.pk).covered_until
    assert covered > timezone.now() - timedelta(minutes=6)


def test_a_daily_digest_does_not_come_later_each_day() -> None:
    make_subscription(age=timedelta(days=1))
    deliver("jwst_miri_flat_0001.fits")
    assert send_digests() == 1


def test_a_weekly_digest_waits_for_its_week() -> None:
    make_subscription(period=Period.WEEKLY, age=timedelta(days=6))
    deliver("jwst_miri_flat_0001.fits")
    assert send_digests() == 0
    Subscription.objects.update(covered_until=timezone.now() - timedelta(days=8))
    assert send_digests() == 1


def test_two_subscriptions_of_a_person_are_one_mail_that_ends_both(client: Client) -> None:
    user = make_user(email="homer@example.org")
    make_subscription(user)
    make_subscription(user, instrument="nircam")
    deliver("jwst_miri_flat_0001.fits")
    deliver("jwst_nircam_flat_0001.fits", instrument="nircam")
    assert send_digests() == 1
    path = urlsplit(Mail.objects.get().unsubscribe).path
    browser = Client(enforce_csrf_checks=True)
    assert "once a day" in browser.get(path).content.decode()
    assert Subscription.objects.count() == 2, "reading the page ended them"
    # A mail program posts this body, without a cookie.
    assert browser.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not Subscription.objects.exists()
    assert "no more mails" in client.get(path).content.decode()


def test_a_link_that_somebody_made_up_ends_nothing(client: Client) -> None:
    row = make_subscription()
    assert client.post(f"/unsubscribe/{row.pk}:abc/").status_code == 404
    assert Subscription.objects.exists()


@pytest.mark.parametrize(
    "wish", [{"instrument": "none"}, {"filekind": "unknown"}, {"instrument": "", "filekind": "flat"}]
)
def test_an_unknown_instrument_or_type_is_refused(wish: dict[str, Any]) -> None:
    with pytest.raises(BadSubscriptionError):
        make_subscription(**wish)


def test_an_account_without_address_cannot_subscribe() -> None:
    with pytest.raises(BadSubscriptionError, match="no e-mail address"):
        make_subscription(make_user("ned", email=""))
