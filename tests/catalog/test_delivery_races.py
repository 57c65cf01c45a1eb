"""Many deliveries at once: each has its own number, and each file takes one way through its states."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from apps.catalog import deliveries
from apps.catalog.deliveries import Delivery, archive_state, folder
from apps.catalog.models import AuditRecord, File
from apps.catalog.states import DeliveryStatus
from apps.core.errors import ConflictError
from tests.factories.catalog import make_file
from tests.factories.deliveries import NAMES, make_delivery, states
from tests.factories.races import Run, at_once

CROWD = 8


@pytest.fixture(autouse=True)
def _picked_up(settings: Any) -> None:
    settings.ARCHIVE_MODE = "pickup"


def test_each_of_many_deliveries_has_its_number_and_its_catalogue(run_apart: Run) -> None:
    numbers, listed, names, told = run_apart(_many_deliveries)
    assert sorted(numbers) == list(range(1, CROWD + 1)), numbers
    assert listed == sorted([f"jwst_{number}.cat" for number in numbers] + names)
    assert told == CROWD


def _many_deliveries() -> tuple[list[int], list[str], list[str], int]:
    """Return the numbers, the names in the folder, the files' names, and the number of audit records."""
    files = [make_file(f"jwst_miri_dark_{number:04}.fits", content=b"%d" % number) for number in range(CROWD)]

    def deliver(file: File) -> int:
        delivery = deliveries.open_delivery([file], user="homer", why="")
        assert deliveries.write(delivery)
        return delivery.number

    numbers = at_once([partial(deliver, file) for file in files])
    told = AuditRecord.objects.filter(action="submit file").count()
    return numbers, folder.listed(), [file.name for file in files], told


def test_however_many_move_a_delivery_its_files_take_one_way(run_apart: Run) -> None:
    results, status, ended, ways = run_apart(_many_moves)
    assert all(isinstance(result, ConflictError | bool | int | None) for result in results), results
    # Archived is entered from every other status, and none of these moves leaves it.
    assert (status, ended) == ("archived", ["archived"] * 2)
    assert set(ways) == set(NAMES)
    for steps in ways.values():
        assert [old for old, _ in steps] == ["delivered", *(new for _, new in steps[:-1])]
        assert steps[-1][1] == "archived"


def _many_moves() -> tuple[list[Any], str, list[str], dict[str, list[list[str]]]]:
    """Return the result of each thread, the last states of delivery and files, and the steps of each file."""
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
    results = at_once(
        [*actions, archive_state.notice_pickups, archive_state.notice_pickups, deliveries.catch_up]
    )
    assert folder.listed() == []
    delivery.refresh_from_db()
    return results, delivery.status, states(delivery), {name: _steps(name) for name in NAMES}


def _steps(name: str) -> list[list[str]]:
    rows = AuditRecord.objects.filter(action="archive state", filename=name).order_by("pk")
    return [row.details.split(" -> ") for row in rows]


def test_of_many_writers_each_finds_a_whole_delivery(run_apart: Run) -> None:
    results, listed, is_written = run_apart(_many_writers)
    assert results == [True] * CROWD
    assert listed == ["jwst_1.cat", *NAMES]
    assert is_written


def _many_writers() -> tuple[list[bool], list[str], bool]:
    delivery = make_delivery(is_written=False)
    results = at_once([lambda: deliveries.write(Delivery.objects.get())] * CROWD)
    delivery.refresh_from_db()
    return results, folder.listed(), delivery.written_at is not None
