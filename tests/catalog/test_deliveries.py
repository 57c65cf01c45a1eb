import os
import stat
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as live_settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from apps.catalog import deliveries, queries
from apps.catalog.audit import LISTED
from apps.catalog.deliveries import Delivery, archive_state, folder, folder_updates
from apps.catalog.deliveries.queries import shown_state, states_beside_latest
from apps.catalog.errors import DeliveryFolderError
from apps.catalog.models import AuditRecord, File
from apps.catalog.reading import checked_path
from apps.catalog.states import DeliveryStatus, FileState
from apps.catalog.tasks import check_archive, write_open_deliveries
from apps.core.errors import ConflictError, InvalidInputError
from tests.factories.catalog import make_file
from tests.factories.deliveries import NAMES, make_delivery, states

pytestmark = pytest.mark.django_db

OPEN, PICKED_UP, ARCHIVING, ARCHIVED, FAILED = DeliveryStatus
ALL = ["jwst_1.cat", *NAMES]


@pytest.fixture(autouse=True)
def pickup(settings: Any) -> None:
    settings.ARCHIVE_MODE = "pickup"
    settings.ARCHIVE_URL = ""


def root() -> Path:
    path: Path = live_settings.DELIVERY_ROOT
    return path


def hidden() -> list[str]:
    return sorted(path.name for path in root().glob(".*"))


def move(delivery: Delivery, status: DeliveryStatus, **options: Any) -> bool:
    return deliveries.move(delivery, status, user="marge", **options)


def state_changes() -> list[tuple[str, str]]:
    rows = AuditRecord.objects.filter(action="archive state").order_by("pk")
    return list(rows.values_list("filename", "details"))


def test_a_delivery_numbers_its_catalogue_and_marks_its_files() -> None:
    files = [make_file(name, content=b"x" + name.encode(), state=FileState.UPLOADED) for name in NAMES]
    before = queries.revision()
    first = deliveries.open_delivery(files, user="homer", why="New darks", submission="abc")
    assert (first.number, first.name, first.status, first.written_at) == (1, "jwst_1.cat", OPEN, None)
    assert [(file.state, file.catalog_link) for file in files] == [("delivered", "jwst_1.cat")] * 2
    assert states(first) == ["delivered"] * 2
    records = AuditRecord.objects.filter(action="submit file").order_by("filename")
    assert [(row.filename, row.user, row.why) for row in records] == [
        (n, "homer", "New darks") for n in NAMES
    ]
    assert {row.details for row in records} == {f"jwst_1.cat: {NAMES[0]}, {NAMES[1]}"}
    assert queries.revision() > before
    assert deliveries.open_delivery(files, user="homer", why="").number == 2


def test_numbers_continue_where_another_server_left_off(settings: Any) -> None:
    settings.DELIVERY_FIRST_NUMBER = 315
    assert [make_delivery(is_written=False).name for _ in range(2)] == ["jwst_315.cat", "jwst_316.cat"]


def test_a_delivery_that_is_rolled_back_leaves_nothing() -> None:
    file = make_file(content=b"x")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        deliveries.open_delivery([file], user="homer", why="").number / 0
    assert not Delivery.objects.exists()
    assert queries.get_file(file.name).catalog_link == ""
    assert make_delivery().number == 1


def test_a_delivery_has_files_each_once_and_a_submission_one_delivery() -> None:
    with pytest.raises(InvalidInputError, match="at least one file"):
        deliveries.open_delivery([], user="homer", why="")
    file = make_file(content=b"x")
    delivery = deliveries.open_delivery([file, file], user="homer", why="", submission="abc")
    assert delivery.files.count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        deliveries.open_delivery([file], user="homer", why="", submission="abc")


def test_an_audit_record_of_many_files_names_some() -> None:
    files = [make_file(f"jwst_miri_dark_{number:04}.fits") for number in range(LISTED + 3)]
    deliveries.open_delivery(files, user="homer", why="")
    assert AuditRecord.objects.filter(details__endswith=" and 3 more").count() == len(files)


def test_without_archive_files_are_archived_at_once_and_nothing_is_written(settings: Any) -> None:
    settings.ARCHIVE_MODE = "self"
    latest = make_file(NAMES[0], content=b"x", state=FileState.LATEST)
    files = [latest, make_file(NAMES[1], content=b"y")]
    delivery = deliveries.open_delivery(files, user="homer", why="")
    assert delivery.status == ARCHIVED
    assert [file.state for file in files] == ["latest", "archived"]
    assert deliveries.write(delivery)
    write_open_deliveries()
    check_archive()
    assert not root().exists()


def test_writing_makes_links_and_a_catalogue() -> None:
    delivery = make_delivery()
    assert folder.listed() == ALL
    assert folder.path_of("jwst_1.cat").read_text() == f"{NAMES[0]}\n{NAMES[1]}\n"
    for file in delivery.files.all():
        assert folder.path_of(file.name).samefile(checked_path(file))
    assert delivery.written_at is not None
    assert hidden() == [folder.MARK]


def test_where_links_cannot_be_files_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(18, "Invalid cross-device link")

    delivery = make_delivery(is_written=False)
    monkeypatch.setattr(os, "link", refuse)
    assert deliveries.write(delivery)
    for name in NAMES:
        assert folder.path_of(name).read_bytes() == name.encode()
        assert stat.S_ISREG(folder.path_of(name).lstat().st_mode)
    inodes = [folder.path_of(name).stat().st_ino for name in NAMES]
    Delivery.objects.update(written_at=None)
    assert deliveries.write(delivery)
    assert [folder.path_of(name).stat().st_ino for name in NAMES] == inodes
    assert hidden() == [folder.MARK]


def test_other_bytes_under_the_name_of_a_file_make_room() -> None:
    delivery = make_delivery(is_written=False)
    root().mkdir()
    folder.path_of(NAMES[0]).write_bytes(b"half a fi")
    assert deliveries.write(delivery)
    assert folder.path_of(NAMES[0]).read_bytes() == NAMES[0].encode()


STEPS = ["prepare", "place", "unpublished_catalogue", "publish"]


class Killed(BaseException):
    pass


@pytest.mark.parametrize("is_after", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_what_a_kill_left_is_completed(step: str, is_after: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    delivery = make_delivery(is_written=False)
    real = getattr(folder, step)

    def killed(*args: Any, **options: Any) -> None:
        if is_after:
            real(*args, **options)
        raise Killed

    monkeypatch.setattr(folder, step, killed)
    with pytest.raises(Killed):
        deliveries.write(delivery)
    monkeypatch.setattr(folder, step, real)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.written_at) == (OPEN, None)
    archive_state.notice_pickups()
    write_open_deliveries()
    write_open_deliveries()
    delivery.refresh_from_db()
    assert delivery.written_at is not None
    assert folder.listed() == ALL
    assert hidden() == [folder.MARK]
    assert AuditRecord.objects.filter(action="submit file").count() == 2


def test_writing_again_changes_nothing_and_revives_no_catalogue() -> None:
    delivery = make_delivery()
    folder.path_of("jwst_1.cat").unlink()
    deliveries.write(delivery)
    write_open_deliveries()
    assert not folder.has_catalogue("jwst_1.cat")
    assert AuditRecord.objects.filter(action="submit file").count() == 2


def test_of_two_writers_one_publishes(monkeypatch: pytest.MonkeyPatch) -> None:
    delivery = make_delivery(is_written=False)
    place = folder.place

    def overtaken(file: File) -> None:
        monkeypatch.setattr(folder, "place", place)
        assert deliveries.write(delivery)
        folder.path_of("jwst_1.cat").unlink()  # It is picked up at once.
        place(file)

    monkeypatch.setattr(folder, "place", overtaken)
    assert deliveries.write(delivery)
    assert not folder.has_catalogue("jwst_1.cat")


@pytest.mark.parametrize("damage", ["gone", "short", "no folder"])
def test_a_delivery_that_cannot_be_written_waits(damage: str, settings: Any, caplog: Any) -> None:
    delivery = make_delivery(is_written=False)
    path = checked_path(queries.get_file(NAMES[0]))
    if damage == "gone":
        path.rename(path.with_suffix(".kept"))
    elif damage == "short":
        path.write_bytes(b"")
    else:
        settings.DATA_ROOT.joinpath("file").touch()
        settings.DELIVERY_ROOT = settings.DATA_ROOT / "file" / "deliveries"
    assert not deliveries.write(delivery)
    assert "jwst_1.cat could not be written" in caplog.text
    assert not [name for name in folder.listed() if name.endswith(".cat")] if damage != "no folder" else True
    delivery.refresh_from_db()
    assert delivery.written_at is None


@pytest.mark.parametrize("way", ["removed", "renamed"])
def test_a_catalogue_that_left_the_folder_was_picked_up(way: str) -> None:
    taken, waiting = make_delivery(), make_delivery(["jwst_miri_flat_0001.fits"])
    check_archive()
    assert Delivery.objects.filter(status=OPEN).count() == 2
    path = folder.path_of(taken.name)
    path.unlink() if way == "removed" else path.rename(path.with_suffix(".cat.done"))
    check_archive()
    check_archive()
    taken.refresh_from_db()
    waiting.refresh_from_db()
    assert (taken.status, taken.changed_by, waiting.status) == (PICKED_UP, "delivery folder", OPEN)
    assert states(taken) == ["submitted"] * 2
    assert state_changes() == [(name, "delivered -> submitted") for name in NAMES]
    assert set(NAMES) <= set(folder.listed())  # It may still be copying.


@pytest.mark.parametrize("loss", ["mark", "folder"])
def test_a_folder_that_is_not_ours_tells_nothing(loss: str) -> None:
    delivery = make_delivery()
    for path in root().iterdir():
        path.unlink() if loss == "folder" or path.name in {folder.MARK, "jwst_1.cat"} else None
    if loss == "folder":
        root().rmdir()
    with pytest.raises(DeliveryFolderError, match="not mounted"):
        archive_state.notice_pickups()
    delivery.refresh_from_db()
    assert delivery.status == OPEN
    # No other folder is made in its place.
    second = make_delivery(["jwst_miri_flat_0001.fits"], is_written=False)
    assert not deliveries.write(second)
    root().mkdir(exist_ok=True)
    (root() / folder.MARK).touch()
    assert deliveries.write(second)


def test_a_pickup_is_noted_only_of_the_catalogue_that_was_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    delivery = make_delivery()
    folder.path_of(delivery.name).unlink()

    def redelivered(name: str) -> bool:
        other = Delivery.objects.get()
        move(other, PICKED_UP)
        move(other, OPEN)
        return False

    monkeypatch.setattr(folder, "has_catalogue", redelivered)
    assert archive_state.notice_pickups() == 0
    delivery.refresh_from_db()
    assert delivery.status == OPEN


@pytest.mark.parametrize(
    ("way", "last"),
    [
        ([PICKED_UP, ARCHIVING, ARCHIVED], "archived"),
        ([ARCHIVED], "archived"),
        ([ARCHIVING, FAILED], "archiving-failed"),
        ([PICKED_UP, FAILED, ARCHIVED], "archived"),
        ([FAILED, OPEN], "delivered"),
        ([FAILED, OPEN, PICKED_UP, FAILED, OPEN, ARCHIVING, ARCHIVED], "archived"),
    ],
)
def test_files_follow_their_delivery(way: list[DeliveryStatus], last: str) -> None:
    delivery = make_delivery()
    for status in way:
        assert move(delivery, status, reason="because")
        assert move(delivery, status)  # A second report of the same status changes nothing.
        assert folder.has_catalogue(delivery.name) is (status == OPEN)
        assert (NAMES[0] in folder.listed()) is (status != ARCHIVED)
    assert states(delivery) == [last] * 2
    assert len(state_changes()) == 2 * len(way)
    assert (delivery.changed_by, delivery.reason) == ("marge", "because")


@pytest.mark.parametrize(
    ("way", "refused"),
    [
        ([ARCHIVED], OPEN),
        ([ARCHIVED], FAILED),
        ([ARCHIVING], PICKED_UP),
        ([FAILED], ARCHIVING),
        ([FAILED], PICKED_UP),
    ],
)
def test_a_status_that_does_not_follow_is_refused(way: list[DeliveryStatus], refused: DeliveryStatus) -> None:
    delivery = make_delivery()
    for status in way:
        move(delivery, status)
    before = states(delivery)
    with pytest.raises(ConflictError, match=f"jwst_1.cat is {way[-1]} and cannot become {refused}"):
        move(delivery, refused)
    assert states(delivery) == before
    assert not move(delivery, OPEN, only_if=Q(status=OPEN))


@pytest.mark.parametrize(
    "state", [FileState.LATEST, FileState.OPERATIONAL, FileState.BAD, FileState.UPLOADED]
)
def test_the_archive_does_not_undo_what_a_context_or_a_person_decided(state: FileState) -> None:
    delivery = make_delivery()
    File.objects.filter(name=NAMES[0]).update(state=state)
    for status in (PICKED_UP, ARCHIVING, FAILED, OPEN, ARCHIVED):
        move(delivery, status)
        assert states(delivery)[0] == state
    assert states(delivery)[1] == "archived"
    assert {name for name, _ in state_changes()} == {NAMES[1]}


def test_a_bad_file_stays_bad_while_the_state_below_moves_on() -> None:
    delivery = make_delivery()
    File.objects.filter(name=NAMES[0]).update(rejected=True)
    move(delivery, ARCHIVED)
    file = queries.get_file(NAMES[0])
    assert (file.rejected, shown_state(file), file.state) == (True, "bad", "archived")


def test_what_a_file_falls_back_to_after_latest_is_told_by_its_delivery() -> None:
    delivery = make_delivery()
    File.objects.update(state=FileState.LATEST)
    imported = make_file("jwst_0001.pmap")
    assert states_beside_latest([*NAMES, imported.name]) == dict.fromkeys(NAMES, FileState.DELIVERED)
    move(delivery, ARCHIVED)
    assert states_beside_latest(NAMES) == dict.fromkeys(NAMES, FileState.ARCHIVED)


def test_the_folder_keeps_what_another_delivery_or_another_program_needs() -> None:
    first, second = make_delivery(), make_delivery([NAMES[0]])
    (root() / "readme.text").touch()
    move(first, ARCHIVED)
    assert folder.listed() == sorted(["jwst_2.cat", NAMES[0], "readme.text"])
    move(second, ARCHIVED)
    assert folder.listed() == ["readme.text"]


def test_what_a_kill_left_of_a_closed_delivery_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    delivery = make_delivery()
    monkeypatch.setattr("apps.catalog.deliveries.operations.tidy", lambda: None)
    move(delivery, ARCHIVED)
    assert folder.listed() == ALL
    old, young = root() / ".a.part", root() / ".b.part"
    old.touch()
    monkeypatch.setattr("apps.catalog.deliveries.folder.ABANDONED", -1)
    folder_updates.catch_up()
    assert folder.listed() == []
    assert not old.exists()
    monkeypatch.undo()
    young.touch()
    folder_updates.catch_up()
    assert young.exists()
