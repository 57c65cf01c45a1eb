"""Web hooks: which events they get, and how messages are sent."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.catalog.models import AuditRecord
from apps.contexts.models import ContextChange
from apps.core.errors import DeniedError
from apps.jobs.models import Job
from apps.jobs.pipeline import execute
from apps.jobs.states import Status
from apps.subscriptions.errors import BadSubscriptionError
from apps.subscriptions.models import HookMessage, WebHook
from apps.subscriptions.operations import (
    MOST_HOOKS,
    add_hook,
    notice_events,
    remove_hook,
    remove_old_messages,
    send_test,
)
from apps.subscriptions.signature import secret_of, signature
from tests.factories.accounts import make_user
from tests.factories.submissions import make_submission
from tests.factories.web_hooks import TestReceiver, make_hook, receiver

pytestmark = pytest.mark.django_db


@pytest.fixture
def trusted(settings: Any) -> Iterator[TestReceiver]:
    """Return a receiver on this machine, which operators trust."""
    settings.WEB_HOOK_HOSTS = {"127.0.0.1"}
    with receiver() as found:
        yield found


def move_latest(context: str = "jwst_0002.pmap", **fields: Any) -> ContextChange:
    return ContextChange.objects.create(pointer="latest", context=context, user="marge", **fields)


def attempt(message: HookMessage) -> Job:
    """Send a message as a worker does, now."""
    job = Job.objects.get(kind="web_hook", subject_id=message.pk)
    Job.objects.filter(pk=job.pk).update(not_before=timezone.now())
    execute(job.pk)
    job.refresh_from_db()
    message.refresh_from_db()
    return job


def test_a_move_of_latest_arrives_once_and_is_signed(trusted: TestReceiver) -> None:
    move_latest("jwst_0001.pmap", started_at=timezone.now() - timedelta(days=30))
    hook = make_hook(address=trusted.address)
    move_latest("jwst_0002.pmap", reason="new flats")
    assert [notice_events(), notice_events()] == [1, 0]
    message = hook.messages.get()
    assert attempt(message).status == Status.COMPLETED
    assert message.status == "delivered"
    [got] = trusted.got
    event = json.loads(got.body)
    assert event["type"] == "context.changed"
    assert (event["data"]["previous"], event["data"]["context"]) == ("jwst_0001.pmap", "jwst_0002.pmap")
    assert event["data"]["changes"].endswith("/changes/jwst_0001.pmap/jwst_0002.pmap/")
    assert got.headers["webhook-signature"] == signature(
        secret_of(hook.nonce),
        message_id=got.headers["webhook-id"],
        timestamp=int(got.headers["webhook-timestamp"]),
        body=got.body,
    )
    assert got.headers["content-type"] == "application/json"


def test_a_confirmed_delivery_is_an_event_for_those_who_want_it() -> None:
    wanting, other = (
        make_hook(types=("delivery.confirmed",)),
        make_hook(make_user("marge"), types=("context.changed",)),
    )
    make_submission(status="confirmed", ended_at=timezone.now(), new_context="jwst_0003.pmap")
    notice_events()
    assert json.loads(wanting.messages.get().body)["data"]["context"] == "jwst_0003.pmap"
    assert not other.messages.exists()


def test_events_before_a_web_hook_was_made_are_not_sent() -> None:
    move_latest(started_at=timezone.now() - timedelta(minutes=1))
    make_hook()
    assert notice_events() == 0


@pytest.mark.parametrize("status", [500, 302, 404])
def test_a_message_that_was_not_taken_waits_for_its_next_attempt(trusted: TestReceiver, status: int) -> None:
    trusted.status = status
    hook = make_hook(address=trusted.address)
    message = send_test(hook, by=hook.user)
    assert attempt(message).status == Status.QUEUED
    assert (message.status, str(status) in message.error) == ("failing", True)
    trusted.status = 200
    assert attempt(message).status == Status.COMPLETED
    assert [got.headers["webhook-id"] for got in trusted.got] == 2 * [trusted.got[0].headers["webhook-id"]]
    assert message.error == ""


def test_gone_stops_a_web_hook(trusted: TestReceiver) -> None:
    trusted.status = 410
    hook = make_hook(address=trusted.address)
    attempt(send_test(hook, by=hook.user))
    hook.refresh_from_db()
    assert hook.stopped_at is not None
    assert "410" in hook.stopped_because
    move_latest()
    assert notice_events() == 0


def test_five_days_without_success_stop_a_web_hook(trusted: TestReceiver) -> None:
    trusted.status = 503
    hook = make_hook(address=trusted.address)
    old = send_test(hook, by=hook.user)
    attempt(old)
    hook.refresh_from_db()
    assert hook.stopped_at is None
    HookMessage.objects.update(made_at=timezone.now() - timedelta(days=6))
    attempt(old)
    hook.refresh_from_db()
    assert "5 days" in hook.stopped_because


def test_a_loss_before_the_last_success_does_not_stop_a_web_hook(trusted: TestReceiver) -> None:
    hook = make_hook(address=trusted.address)
    now = timezone.now()
    for event, age, delivered in (("lost", 20, None), ("arrived", 6, now - timedelta(days=6))):
        message = HookMessage.objects.create(
            hook=hook,
            event=event,
            type="test",
            body="{}",
            delivered_at=delivered,
            error="" if delivered else "503",
        )
        HookMessage.objects.filter(pk=message.pk).update(made_at=now - timedelta(days=age))
    trusted.status = 503
    attempt(send_test(hook, by=hook.user))
    hook.refresh_from_db()
    assert hook.stopped_at is None


@pytest.mark.parametrize("loss", ["role", "account"])
def test_somebody_without_the_right_gets_nothing_and_may_remove_the_web_hook(
    trusted: TestReceiver, loss: str
) -> None:
    hook = make_hook(address=trusted.address)
    message = send_test(hook, by=hook.user)
    if loss == "role":
        hook.user.grants.all().delete()
    else:
        User.objects.update(is_active=False)
    attempt(message)
    move_latest()
    assert (trusted.got, notice_events()) == ([], 0)
    owner = User.objects.get(pk=hook.user_id)
    with pytest.raises(DeniedError):
        send_test(hook, by=owner)
    remove_hook(hook, by=owner)
    assert not WebHook.objects.exists()


def test_an_address_that_is_not_trusted_any_more_gets_nothing(trusted: TestReceiver, settings: Any) -> None:
    hook = make_hook(address=trusted.address)
    message = send_test(hook, by=hook.user)
    settings.WEB_HOOK_HOSTS = set()
    attempt(message)
    assert trusted.got == []
    assert "https" in message.error


def test_a_removed_web_hook_takes_its_messages_along(trusted: TestReceiver) -> None:
    hook = make_hook(address=trusted.address)
    message = send_test(hook, by=hook.user)
    remove_hook(hook, by=hook.user)
    execute(Job.objects.get(subject_id=message.pk).pk)
    assert trusted.got == []
    actions = list(AuditRecord.objects.order_by("pk").values_list("action", flat=True))
    assert actions[-2:] == ["add web hook", "remove web hook"]


def test_old_messages_are_removed() -> None:
    hook = make_hook()
    send_test(hook, by=hook.user)
    HookMessage.objects.update(made_at=timezone.now() - timedelta(days=31))
    remove_old_messages()
    assert not HookMessage.objects.exists()


def test_only_submitters_have_web_hooks_and_only_so_many() -> None:
    nobody = make_user("ned")
    nobody.grants.all().delete()
    with pytest.raises(DeniedError, match="submitter"):
        add_hook(nobody, address="https://example.org", types=["context.changed"])
    user = make_user("lisa")
    with pytest.raises(BadSubscriptionError, match="Choose"):
        add_hook(user, address="https://example.org", types=["unknown"])
    for _ in range(MOST_HOOKS):
        make_hook(user)
    with pytest.raises(BadSubscriptionError, match="Remove one"):
        make_hook(user)
    with pytest.raises(DeniedError, match="somebody else"):
        remove_hook(WebHook.objects.filter(user=user)[0], by=make_user("bart"))
