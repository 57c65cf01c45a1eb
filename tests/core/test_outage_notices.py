"""The notice on every page while the database, the broker or the workers are away."""

import os
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from apps.core import broker, heartbeat, outage_notices
from apps.core.models import WorkerSign
from apps.core.outage_notices import BROKER, DATABASE, WORKER, outage_notice
from apps.core.postgresql.breaker import FRESH, PAUSE, Breaker

pytestmark = pytest.mark.django_db

NOTICE = '<p class="notice warn" role="status">'


@pytest.fixture(autouse=True)
def _no_earlier_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "_silent_until", 0.0)
    monkeypatch.setattr(broker, "_failed_until", 0.0)


def give_sign(settings: Any, *, seconds_ago: float) -> None:
    heartbeat.beat()
    then = time.time() - seconds_ago
    os.utime(settings.DATA_ROOT / "worker-heartbeat", (then, then))
    WorkerSign.objects.update(seen_at=datetime.fromtimestamp(then, tz=UTC))


def test_a_page_says_that_no_worker_is_alive_from_the_fourth_missing_sign_on(settings: Any) -> None:
    settings.HEARTBEAT_SECONDS = 15
    assert NOTICE not in Client().get("/").text
    give_sign(settings, seconds_ago=55)
    assert NOTICE not in Client().get("/").text
    give_sign(settings, seconds_ago=61)
    assert f"{NOTICE}{WORKER}" in Client().get("/").text
    give_sign(settings, seconds_ago=0)
    assert NOTICE not in Client().get("/").text


def test_the_sign_of_a_worker_without_a_shared_folder_counts(settings: Any) -> None:
    settings.BUCKET = "crds"
    give_sign(settings, seconds_ago=1)
    (settings.DATA_ROOT / "worker-heartbeat").unlink()
    assert heartbeat.is_fresh(heartbeat.age() or 999)
    give_sign(settings, seconds_ago=3600)
    (settings.DATA_ROOT / "worker-heartbeat").unlink()
    assert NOTICE in Client().get("/").text


def test_a_page_says_that_the_broker_is_away_until_a_message_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("refused")

    with monkeypatch.context() as patch:
        patch.setattr("celery.canvas.Signature.apply_async", refuse)
        assert not broker.publish("apps.core.tasks.beat", about="a sign")
    assert f"{NOTICE}{BROKER}" in Client().get("/").text
    assert broker.publish("apps.core.tasks.beat", about="a sign")
    assert NOTICE not in Client().get("/").text


def test_a_database_that_is_away_is_named_before_the_worker(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    give_sign(settings, seconds_ago=3600)
    assert outage_notice() == WORKER
    monkeypatch.setattr(outage_notices, "_is_database_away", lambda: True)
    assert outage_notice() == DATABASE


@pytest.mark.needs("postgresql")
def test_the_pool_knows_that_the_database_is_away() -> None:
    assert outage_notice() == ""
    breaker = connection.pool.breaker  # type: ignore[attr-defined]
    breaker.trip()
    try:
        assert outage_notice() == DATABASE
    finally:
        breaker.reset()
    assert outage_notice() == ""


def test_an_old_failure_says_nothing_about_now() -> None:
    moment = 0.0
    breaker = Breaker(clock=lambda: moment)
    breaker.trip()
    assert breaker.is_away
    moment = PAUSE + FRESH
    assert not breaker.is_away
