"""The check of the archive, against a small archive on this machine."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from apps.catalog import deliveries
from apps.catalog.deliveries import Delivery, archive, archive_state
from apps.catalog.models import DeliveredFile, File
from apps.catalog.states import DeliveryStatus
from apps.catalog.tasks import check_archive
from tests.factories.deliveries import NAMES, make_delivery, states

pytestmark = pytest.mark.django_db


class SmallArchive(ThreadingHTTPServer):
    """A server that answers HEAD from `answers`, path to status and headers, and else with 404."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, tuple[int, dict[str, str]]] = {}
        self.asked: list[tuple[str, str]] = []

    def has(self, name: str, length: int | None = None) -> None:
        self.answers[f"/get/{name}"] = (200, {"Content-Length": str(len(name) if length is None else length)})


class _Handler(BaseHTTPRequestHandler):
    server: SmallArchive

    def do_HEAD(self) -> None:
        self.server.asked.append((self.command, self.path))
        status, headers = self.server.answers.get(self.path, (404, {}))
        if status == 0:
            self.wfile.write(b"Are you there?\r\n\r\n")
            return
        self.send_response(status)
        for header in headers.items():
            self.send_header(*header)
        self.end_headers()

    do_GET = do_HEAD

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


@pytest.fixture
def there(settings: Any) -> Iterator[SmallArchive]:
    with SmallArchive() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        settings.ARCHIVE_URL = f"http://127.0.0.1:{server.server_port}/get/"
        settings.ARCHIVE_TIMEOUT = 5
        yield server
        server.shutdown()


def picked_up(**options: Any) -> Delivery:
    delivery = make_delivery(**options)
    deliveries.move(delivery, DeliveryStatus.PICKED_UP, user="poller")
    return delivery


def test_a_delivery_is_archived_once_the_archive_has_every_file(there: SmallArchive) -> None:
    delivery = picked_up()
    there.has(NAMES[0])
    check_archive()
    delivery.refresh_from_db()
    assert (delivery.status, states(delivery)) == ("picked_up", ["submitted"] * 2)
    missing = DeliveredFile.objects.get(file__name=NAMES[1])
    assert (missing.available_at, missing.problem) == (
        None,
        "The archive answers 404 to HEAD; 200 was expected.",
    )
    there.has(NAMES[1])
    check_archive()
    delivery.refresh_from_db()
    assert (delivery.status, delivery.changed_by) == ("archived", "archive check")
    assert states(delivery) == ["archived"] * 2
    assert not DeliveredFile.objects.exclude(problem="").exists()
    # The archive is not asked again for files that it has.
    assert sorted(there.asked) == [("HEAD", f"/get/{name}") for name in (NAMES[0], NAMES[1], NAMES[1])]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ((200, {"Content-Length": str(len(NAMES[0]) - 1)}), "has 23 bytes; 24 were expected"),
        ((200, {"Content-Length": str(len(NAMES[0]) + 1)}), "has 25 bytes; 24 were expected"),
        ((200, {"Content-Length": "+24"}), "has +24 bytes; 24 were expected"),
        ((200, {}), "sends no length; 24 bytes were expected"),
        ((500, {}), "answers 500 to HEAD"),
        ((401, {"WWW-Authenticate": "Basic"}), "answers 401 to HEAD"),
        ((302, {"Location": "file:///etc/passwd"}), "answers 302 to HEAD"),
        ((302, {"Location": f"/get/{NAMES[0]}"}), "answers 302 to HEAD"),
        ((302, {"Location": "http://[bad/"}), "archive is not HTTP"),
        ((0, {}), "archive is not HTTP"),
    ],
)
def test_what_the_archive_answers_instead_is_told(
    answer: tuple[int, dict[str, str]], problem: str, there: SmallArchive
) -> None:
    delivery = picked_up(names=NAMES[:1])
    there.answers[f"/get/{NAMES[0]}"] = answer
    check_archive()
    assert problem in DeliveredFile.objects.get().problem
    delivery.refresh_from_db()
    assert delivery.status == "picked_up"


def test_a_redirect_is_followed_with_head(there: SmallArchive) -> None:
    picked_up(names=NAMES[:1])
    there.answers[f"/get/{NAMES[0]}"] = (302, {"Location": "/elsewhere"})
    there.answers["/elsewhere"] = (200, {"Content-Length": "24"})
    assert archive.problem_with(File.objects.get()) == ""
    assert [method for method, _ in there.asked] == ["HEAD", "HEAD"]


def test_only_what_the_archive_has_in_work_is_asked_for(there: SmallArchive) -> None:
    waiting = make_delivery()
    failed = make_delivery(["jwst_miri_flat_0001.fits"])
    deliveries.move(failed, DeliveryStatus.FAILED, user="poller")
    check_archive()
    assert there.asked == []
    waiting.refresh_from_db()
    assert waiting.status == "open"


def test_without_an_address_nothing_is_asked(there: SmallArchive, settings: Any) -> None:
    settings.ARCHIVE_URL = ""
    picked_up()
    check_archive()
    assert there.asked == []


def test_an_archive_that_is_away_is_asked_once_in_a_round(there: SmallArchive, caplog: Any) -> None:
    delivery = picked_up()
    there.server_close()
    there.shutdown()
    check_archive()
    assert "the archive does not answer" in caplog.text
    assert DeliveredFile.objects.exclude(checked_at=None).count() == 1
    delivery.refresh_from_db()
    assert delivery.status == "picked_up"


def test_files_that_never_come_do_not_keep_others_waiting(
    there: SmallArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_state, "ROUND_FILES", 1)
    picked_up()
    for _ in range(4):
        check_archive()
    assert sorted(path for _, path in there.asked) == sorted(f"/get/{name}" for name in NAMES * 2)


def test_a_round_ends_in_time(there: SmallArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_state, "ROUND_SECONDS", -1.0)
    picked_up()
    check_archive()
    assert there.asked == []


def test_a_delivery_handed_out_anew_is_asked_for_anew(
    there: SmallArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = picked_up()

    def redelivered(file: File) -> str:
        deliveries.move(Delivery.objects.get(), DeliveryStatus.OPEN, user="marge")
        return ""

    monkeypatch.setattr(archive, "problem_with", redelivered)
    archive_state.look_into_archive()
    delivery.refresh_from_db()
    assert delivery.status == "open"
    assert not DeliveredFile.objects.exclude(available_at=None).exists()


def test_a_kill_before_the_last_step_is_made_up_for(there: SmallArchive) -> None:
    delivery = picked_up()
    DeliveredFile.objects.update(available_at=delivery.made_at)
    check_archive()
    delivery.refresh_from_db()
    assert delivery.status == "archived"
    assert there.asked == []
