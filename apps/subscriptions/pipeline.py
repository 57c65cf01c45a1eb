"""The function of the jobs that send messages to web hooks."""

import http.client
import logging
import time
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from apps.jobs.errors import TryLater
from apps.jobs.models import Job
from apps.jobs.pauses import pause_after
from apps.jobs.pipeline import require_claim
from apps.subscriptions.errors import BadHookAddressError
from apps.subscriptions.models import HookMessage, WebHook
from apps.subscriptions.receivers import post, require_receiver
from apps.subscriptions.signature import secret_of, signature

logger = logging.getLogger(__name__)

PATIENCE = timedelta(days=5)  # After so long without any success a web hook is stopped.


def run(job: Job) -> None:
    """Send a message, unless its web hook was removed or stopped, or its owner may no longer have it.

    Raises
    ------
    TryLater
        Raised if the receiver did not take it.
    """
    message = HookMessage.objects.select_related("hook__user").filter(pk=job.subject_id or 0).first()
    if message is None or not message.hook.is_in_force or message.delivered_at is not None:
        return
    problem = _send(message)
    if not problem:
        _note(job, message, delivered_at=timezone.now(), error="")
        return
    _note(job, message, error=problem[:300])
    if why := _why_stopped(message.hook, problem):
        logger.warning("%s is stopped: %s", message.hook, why)
        WebHook.objects.filter(pk=message.hook_id, stopped_at=None).update(
            stopped_at=timezone.now(), stopped_because=why[:200]
        )
        return
    raise TryLater(problem, pause=pause_after(job.attempts))


def _send(message: HookMessage) -> str:
    """Send one attempt, and return why the receiver did not take it; empty if it did."""
    now = int(time.time())
    # The same in each attempt, so that a receiver recognises a second copy.
    message_id = f"crds_{settings.OBSERVATORY}_{settings.SERVER_STRING}_{message.pk}"
    signed = signature(secret_of(message.hook.nonce), message_id=message_id, timestamp=now, body=message.body)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "CRDS-server",
        "webhook-id": message_id,
        "webhook-timestamp": str(now),
        "webhook-signature": signed,
    }
    try:
        status = post(require_receiver(message.hook.address), message.body.encode(), headers)
    except (OSError, UnicodeError, http.client.HTTPException, BadHookAddressError) as exc:
        return f"{type(exc).__name__}: {exc}"
    return "" if 200 <= status < 300 else _refusal(status)


GONE = "The receiver answered 410 Gone."


def _refusal(status: int) -> str:
    if status == HTTPStatus.GONE:
        return GONE
    if 300 <= status < 400:
        return f"The receiver answered {status}. Redirects are not followed: name the final address."
    return f"The receiver answered {status}."


def _why_stopped(hook: WebHook, problem: str) -> str:
    """Return why nothing more is sent to a web hook; empty if it goes on."""
    if problem == GONE:
        return GONE
    # Messages that were lost before another one arrived say nothing about the receiver now.
    last = hook.messages.aggregate(at=Max("delivered_at"))["at"]
    lost = hook.messages.filter(delivered_at=None, made_at__lt=timezone.now() - PATIENCE).exclude(error="")
    if last is not None:
        lost = lost.filter(made_at__gt=last)
    return f"Nothing arrived for {PATIENCE.days} days. {problem}" if lost.exists() else ""


@transaction.atomic
def _note(job: Job, message: HookMessage, **changes: Any) -> None:
    """Store the result of an attempt, if this worker still has its job."""
    require_claim(job)
    HookMessage.objects.filter(pk=message.pk).update(**changes)
