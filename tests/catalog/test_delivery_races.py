"""Many at once: every delivery has a number of its own, and every file one way through its states."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections

from apps.catalog import deliveries
from apps.catalog.deliveries import Delivery, checking, folder
from apps.catalog.models import AuditRecord, File
from apps.catalog.states import DeliveryStatus
from apps.core.errors import ConflictError
from tests.factories.catalog import make_file
from tests.factories.deliveries import NAMES, make_delivery, states
from tests.locks.test_races import at_once

IS_SQLITE = connection.vendor == "sqlite"
CROWD = 8

# Threads see each other's rows only when these are committed.
pytestmark = [] if IS_SQLITE else [pytest.mark.django_db(transaction=True)]
Run = Callable[[Callable[[], None]], None]


@pytest.fixture
def run_apart(request: pytest.FixtureRequest, tmp_path: Path, settings: Any) -> Iterator[Run]:
    """Run a scenario where the rows of one thread are seen by the others; SQLite needs a file for that."""
    settings.ARCHIVE_MODE = "pickup"
    if not IS_SQLITE:
        yield lambda scenario: scenario()
        return
    described = connections.settings["default"]
    kept = described["NAME"]
    with request.getfixturevalue("django_db_blocker").unblock():
        described["NAME"] = str(tmp_path / "races.sqlite3")
        try:
            yield _in_a_thread
        finally:
            described["NAME"] = kept


def _in_a_thread(scenario: Callable[[], None]) -> None:
    def prepared() -> None:
        call_command("migrate", "catalog", verbosity=0)
        scenario()

    (result,) = at_once([prepared])
    if result is not None:
        raise result


def test_each_of_many_deliveries_has_its_number_and_its_catalogue(run_apart: Run) -> None:
    run_apart(_many_deliveries)


def _many_deliveries() -> None:
    files = [make_file(f"jwst_miri_dark_{number:04}.fits", content=b"%d" % number) for number in range(CROWD)]

    def deliver(file: File) -> int:
        delivery = deliveries.open_delivery([file], user="homer", why="")
        assert deliveries.write(delivery)
        return delivery.number

    numbers = at_once([partial(deliver, file) for file in files])
    assert sorted(numbers) == list(range(1, CROWD + 1)), numbers
    assert folder.listed() == sorted([f"jwst_{n}.cat" for n in numbers] + [file.name for file in files])
    assert AuditRecord.objects.filter(action="submit file").count() == CROWD


def test_however_many_move_a_delivery_its_files_take_one_way(run_apart: Run) -> None:
    run_apart(_many_moves)


def _many_moves() -> None:
    delivery = make_delivery()
    folder.path_of(delivery.name).unlink()
    told = [
        DeliveryStatus.ARCHIVING,
        DeliveryStatus.FAILED,
        DeliveryStatus.PICKED_UP,
        DeliveryStatus.ARCHIVED,
    ]

    def move(status: DeliveryStatus) -> bool:
        return deliveries.move(Delivery.objects.get(), status, user="marge")

    actions: list[Callable[[], Any]] = [partial(move, status) for status in told * 2]
    results = at_once([*actions, checking.notice_pickups, checking.notice_pickups, deliveries.catch_up])
    assert all(isinstance(result, ConflictError | bool | int | None) for result in results), results
    delivery.refresh_from_db()
    # Archived is entered from every other status, and left by none of these.
    assert (delivery.status, states(delivery)) == ("archived", ["archived"] * 2)
    for name in NAMES:
        steps = AuditRecord.objects.filter(action="archive state", filename=name).order_by("pk")
        ways = [row.details.split(" -> ") for row in steps]
        assert [old for old, _ in ways] == ["delivered", *(new for _, new in ways[:-1])]
        assert ways[-1][1] == "archived"
    assert folder.listed() == []


def test_of_many_writers_each_finds_a_whole_delivery(run_apart: Run) -> None:
    run_apart(_many_writers)


def _many_writers() -> None:
    delivery = make_delivery(is_written=False)
    assert at_once([lambda: deliveries.write(Delivery.objects.get())] * CROWD) == [True] * CROWD
    assert folder.listed() == ["jwst_1.cat", *NAMES]
    delivery.refresh_from_db()
    assert delivery.written_at is not None
