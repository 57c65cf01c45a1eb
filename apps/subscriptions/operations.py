"""Operations on subscriptions and web hooks, and the work of the clock for them."""

import json
import logging
from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.catalog import audit
from apps.catalog.models import Action
from apps.core.access import Role, require_role
from apps.core.errors import DeniedError
from apps.jobs import operations as jobs
from apps.rules.observatories import get_observatory
from apps.subscriptions.errors import BadSubscriptionError
from apps.subscriptions.events import Event, events_since
from apps.subscriptions.models import TEST, EventType, HookMessage, Period, Subscription, WebHook
from apps.subscriptions.receivers import require_receiver
from apps.subscriptions.unsubscribe_links import UnsubscribeLink

logger = logging.getLogger(__name__)

JOB_KIND = "web_hook"
MOST_SUBSCRIPTIONS = 100  # of one person
MOST_HOOKS = 20  # of one person
LOOK_BACK = timedelta(days=2)  # An event is still noticed so long after it happened.
KEPT = timedelta(days=30)  # The time for which messages are kept.


@transaction.atomic
def subscribe(user: User, *, instrument: str, filekind: str, period: Period) -> Subscription:
    """Send a person digests about an instrument or type; a second call changes the period.

    Raises
    ------
    BadSubscriptionError
        Raised if the account has no e-mail address or too many subscriptions, or if the observatory has no
        such instrument or type.
    """
    if not user.email:
        raise BadSubscriptionError("Your account has no e-mail address. An operator can give it one.")
    types = get_observatory(settings.OBSERVATORY).types
    if instrument and instrument not in types:
        raise BadSubscriptionError(
            f"There is no instrument {instrument[:40]!r}; known are {', '.join(types)}."
        )
    if filekind and filekind not in types.get(instrument, ()):
        raise BadSubscriptionError(f"{instrument or 'No instrument'} has no type {filekind[:64]!r}.")
    others = user.subscriptions.exclude(instrument=instrument, filekind=filekind)
    if others.count() >= MOST_SUBSCRIPTIONS:
        raise BadSubscriptionError(f"You have {MOST_SUBSCRIPTIONS} subscriptions. Remove one first.")
    row, _ = Subscription.objects.update_or_create(
        user=user, instrument=instrument, filekind=filekind, defaults={"period": period}
    )
    return row


def remove_subscription(user: User, *, pk: int) -> None:
    """Remove one subscription of a person; none if it is not theirs."""
    Subscription.objects.filter(user=user, pk=pk).delete()


def unsubscribe(link: UnsubscribeLink) -> None:
    """Remove the subscriptions that a link in a mail names."""
    Subscription.objects.filter(pk__in=link.pks).delete()


@transaction.atomic
def add_hook(user: User, *, address: str, types: Collection[str]) -> WebHook:
    """Send events to an address from now on.

    Raises
    ------
    DeniedError
        Raised if the account is not a submitter.
    BadHookAddressError
        Raised if messages cannot be sent to this address.
    BadSubscriptionError
        Raised if no event type or an unknown one is given, or if the person has too many web hooks.
    """
    _require_submitter(user)
    require_receiver(address)
    wanted = [each for each in EventType.values if each in types]
    if not wanted or len(wanted) < len(set(types)):
        raise BadSubscriptionError(f"Choose at least one of {', '.join(EventType.values)}.")
    if user.web_hooks.count() >= MOST_HOOKS:
        raise BadSubscriptionError(f"You have {MOST_HOOKS} web hooks. Remove one first.")
    hook = WebHook.objects.create(user=user, address=address, types=wanted)
    audit.account_changed(
        user.username, action=Action.ADD_WEB_HOOK, user=user.username, details=f"{hook.address}"
    )
    return hook


@transaction.atomic
def remove_hook(hook: WebHook, *, by: User) -> None:
    """Send nothing more to an address, and forget its messages. Its owner needs no role for that.

    Raises
    ------
    DeniedError
        Raised if it belongs to somebody else.
    """
    _require_owner(hook, by)
    address = hook.address
    if WebHook.objects.filter(pk=hook.pk).delete()[0]:
        audit.account_changed(by.username, action=Action.REMOVE_WEB_HOOK, user=by.username, details=address)


def send_test(hook: WebHook, *, by: User) -> HookMessage:
    """Send a message of type ``test`` to a web hook, so that its owner sees whether it arrives.

    Raises
    ------
    DeniedError
        Raised if it belongs to somebody else.
    """
    _require_submitter(by)
    _require_owner(hook, by)
    now = timezone.now()
    # One test at a time: whoever asks again while it waits gets the same one.
    waiting = hook.messages.filter(
        type=TEST, delivered_at=None, made_at__gt=now - timedelta(minutes=1)
    ).first()
    return waiting or _queue(hook, f"test-{now:%Y%m%dT%H%M%S%f}", TEST, now, {"hook": hook.pk})


def notice_events() -> int:
    """Queue a message for each web hook and each new event that it wants. Return the number of messages."""
    hooks = [hook for hook in WebHook.objects.select_related("user") if hook.is_in_force]
    if not hooks:
        return 0
    events = list(events_since(timezone.now() - LOOK_BACK))
    known = set(
        HookMessage.objects.filter(event__in=[event.key for event in events]).values_list("hook", "event")
    )
    return sum(
        _notice(hook, event) for event in events for hook in hooks if (hook.pk, event.key) not in known
    )


def _notice(hook: WebHook, event: Event) -> bool:
    if event.type not in hook.types or event.at < hook.made_at:
        return False
    try:
        _queue(hook, event.key, event.type, event.at, event.data)
    except IntegrityError:  # Another process noticed it, or the web hook was removed.
        return False
    return True


@transaction.atomic
def _queue(hook: WebHook, key: str, type: str, at: datetime, data: object) -> HookMessage:
    body = json.dumps({"type": type, "timestamp": at.isoformat(), "data": data})
    message = HookMessage.objects.create(hook=hook, event=key, type=type, body=body)
    jobs.start(JOB_KIND, subject_id=message.pk, user="", channel=None, is_watched=False)
    return message


def remove_old_messages() -> None:
    """Remove the messages that nobody will ask for again."""
    HookMessage.objects.filter(made_at__lt=timezone.now() - KEPT).delete()


def _require_submitter(user: User) -> None:
    _require_no_token(user)
    require_role(user, Role.SUBMITTER)


def _require_no_token(user: User) -> None:
    if user.scopes is not None:
        raise DeniedError("A token cannot change web hooks. Log in with your password or by single sign-on.")


def _require_owner(hook: WebHook, by: User) -> None:
    _require_no_token(by)
    if hook.user_id != by.pk:
        raise DeniedError("This web hook belongs to somebody else.")
