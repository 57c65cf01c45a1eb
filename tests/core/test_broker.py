"""A broker that is away, closes at once, or accepts and stays silent: real sockets, and our own options."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery

from apps.core import broker
from crds_server import env
from tests.patience import does_not_hang


def do_nothing(number: int) -> None:
    pass


@contextlib.contextmanager
def listener(*, closes: bool) -> Iterator[tuple[str, list[socket.socket]]]:
    """Yield the address of a server that never answers, and the connections that it has accepted."""
    accepted: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _address = server.accept()
                    accepted.append(connection)
                    if closes:
                        connection.close()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"redis://127.0.0.1:{server.getsockname()[1]}/0", accepted
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in accepted:
                connection.close()


@pytest.fixture(autouse=True)
def _forgotten_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "_silent_until", 0.0)
    monkeypatch.setattr(broker, "_failed_until", 0.0)
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)  # Celery would prefer it.


@pytest.fixture
def apps() -> Iterator[list[Celery]]:
    made: list[Celery] = []
    yield made
    for app in made:
        app.close()


def task_at(url: str, apps: list[Celery]) -> Any:
    app = Celery("away", broker=url, set_as_current=False)
    app.conf.broker_transport_options = dict(env.REMOTE_BROKER)
    apps.append(app)
    return app.task(name="do_nothing")(do_nothing)


def test_a_silent_broker_holds_the_caller_once_for_a_few_seconds(apps: list[Celery], caplog: Any) -> None:
    with listener(closes=False) as (url, accepted):
        task = task_at(url, apps)
        with does_not_hang():
            sent = [broker.publish(task, number, about=f"job {number}") for number in range(5)]
        assert len(accepted) == 1, "each message waited for itself"
    assert sent == [False] * 5
    assert "the message for job 0 was not sent: OperationalError: Timeout reading from socket" in caplog.text
    assert "the message for job 4 was not sent: the broker was silent a moment ago" in caplog.text


def test_a_silent_broker_is_asked_again_after_a_pause(
    apps: list[Celery], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "PAUSE", 0.0)
    with listener(closes=False) as (url, accepted):
        task = task_at(url, apps)
        assert not broker.publish(task, 1, about="job 1")
        assert not broker.publish(task, 1, about="job 1")
        assert len(accepted) == 2


def test_a_broker_that_closes_at_once_is_only_logged(apps: list[Celery], caplog: Any) -> None:
    with listener(closes=True) as (url, accepted):
        with does_not_hang():
            assert not broker.publish(task_at(url, apps), 1, about="job 1")
        assert accepted
    assert "the message for job 1 was not sent" in caplog.text


def test_a_broker_that_refuses_is_only_logged(apps: list[Celery], caplog: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with does_not_hang():
        assert not broker.publish(task_at(f"redis://127.0.0.1:{port}/0", apps), 1, about="job 1")
    assert "refused" in caplog.text


def test_a_task_that_cannot_be_sent_for_any_reason_does_not_fail_the_caller(caplog: Any) -> None:
    class Broken:
        def apply_async(self, *_: Any, **__: Any) -> None:
            raise RuntimeError("OOM command not allowed")

    assert not broker.publish(Broken(), about="job 1")  # type: ignore[arg-type]
    assert "RuntimeError: OOM command not allowed" in caplog.text
