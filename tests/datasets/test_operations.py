import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from apps.datasets import operations
from apps.datasets.errors import UnreadableSourceError
from apps.datasets.models import Dataset, ExposureMode, ImportProgress
from apps.datasets.operations import add_datasets, cover_parkeys, import_file
from tests.factories.datasets import make_file, make_header, make_line

pytestmark = pytest.mark.django_db


def take(path: Path, **options: Any) -> tuple[operations.ImportedDatasets, list[tuple[int, str]]]:
    complaints: list[tuple[int, str]] = []
    return import_file(path, complain=lambda *about: complaints.append(about), **options), complaints


def lines(count: int, **header: Any) -> list[str]:
    return [make_line(f"L{number:08d}", make_header(**header)) for number in range(1, count + 1)]


def stored() -> list[str]:
    return [dataset.exposure for dataset in Dataset.objects.order_by("exposure")]


def test_rows_are_stored_and_bad_ones_reported_with_their_number(tmp_path: Path) -> None:
    path = make_file(
        tmp_path,
        make_line("L00000001"),
        "{",
        make_line("L00000003", {"INSTRUME": "X"}),
        make_line("L00000004"),
    )
    outcome, complaints = take(path)
    assert (outcome.stored, outcome.refused, outcome.undated) == (2, 2, 0)
    assert [number for number, _ in complaints] == [2, 3]
    assert "unknown instrument 'x'" in complaints[1][1]
    assert stored() == ["L00000001", "L00000004"]


def test_a_stored_dataset_equals_the_row_that_was_read(tmp_path: Path) -> None:
    take(
        make_file(
            tmp_path, make_line("lb4q04010:lb4q04abq", make_header(PI="Ångström", FLAG=True), prog_id="11")
        )
    )
    dataset = Dataset.objects.get()
    assert (dataset.dataset_id, dataset.instrument, dataset.program) == ("LB4Q04010:LB4Q04ABQ", "cos", "11")
    assert dataset.header == make_header() | {"PI": "Ångström", "FLAG": "True"}
    assert dataset.observed_at is not None
    assert dataset.observed_at.isoformat() == "2010-05-06T12:00:00+00:00"


def test_importing_again_changes_only_different_rows(tmp_path: Path) -> None:
    path = make_file(tmp_path, *lines(3))
    take(path)
    before = {dataset.exposure: (dataset.pk, dataset.imported_at) for dataset in Dataset.objects.all()}
    path.write_text("\n".join([*lines(2), make_line("L00000003", make_header(DETECTOR="NUV"))]))
    take(path)
    after = {dataset.exposure: (dataset.pk, dataset.imported_at) for dataset in Dataset.objects.all()}
    assert [key for key in before if before[key] != after[key]] == ["L00000003"]
    assert Dataset.objects.get(exposure="L00000003").header["DETECTOR"] == "NUV"
    assert before["L00000003"][0] == after["L00000003"][0]


def test_of_two_rows_with_one_id_the_later_counts(tmp_path: Path) -> None:
    path = make_file(
        tmp_path, make_line("L1", make_header(DETECTOR="FUV")), make_line("L1", make_header(DETECTOR="NUV"))
    )
    take(path)
    assert Dataset.objects.get().header["DETECTOR"] == "NUV"


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "BATCH", 2)


class Killed(BaseException):
    """An error that none of our code catches."""


def kill_at(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Raise in the middle of storing the batch with this number, as if the process were killed."""
    real, calls = operations.upsert, []

    def upsert(*batch: Any) -> int:
        calls.append(1)
        stored = real(*batch)
        if len(calls) == number:
            raise Killed
        return stored

    monkeypatch.setattr(operations, "upsert", upsert)


def test_a_killed_import_leaves_whole_batches_and_goes_on_behind_them(
    tmp_path: Path, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_file(tmp_path, *lines(3), "{", *lines(7)[3:])
    with monkeypatch.context() as patch:
        kill_at(patch, 3)
        with pytest.raises(Killed):
            take(path)
    assert stored() == ["L00000001", "L00000002", "L00000003"]
    outcome, complaints = take(path)
    assert (outcome.after, outcome.stored, complaints) == (4, 4, [])
    assert stored() == [f"L{number:08d}" for number in range(1, 8)]
    assert not ImportProgress.objects.exists()


def test_a_file_that_changed_is_read_from_its_start(
    tmp_path: Path, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_file(tmp_path, *lines(6))
    with monkeypatch.context() as patch:
        kill_at(patch, 2)
        with pytest.raises(Killed):
            take(path)
    path.write_text("\n".join(lines(7, DETECTOR="NUV")))
    outcome, _ = take(path)
    assert (outcome.after, outcome.stored) == (0, 7)


def test_a_run_may_start_from_the_beginning(
    tmp_path: Path, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_file(tmp_path, *lines(6))
    with monkeypatch.context() as patch:
        kill_at(patch, 2)
        with pytest.raises(Killed):
            take(path)
    outcome, _ = take(path, from_start=True)
    assert (outcome.after, outcome.stored) == (0, 6)


def test_a_line_with_many_datasets_is_never_split(tmp_path: Path, small_batches: None) -> None:
    line = json.dumps({f"L{number:08d}": make_header() for number in range(5)})
    path = make_file(tmp_path, line, line.replace("L", "N"), name="datasets.json")
    assert take(path)[0].stored == 10


def test_rows_before_the_unreadable_part_are_stored(tmp_path: Path) -> None:
    text = json.dumps({"L00000001": make_header(), "L00000002": make_header()}, indent=1)
    path = make_file(tmp_path, text[:-40], name="datasets.json")
    with pytest.raises(UnreadableSourceError, match="from entry 2 on"):
        take(path)
    assert stored() == ["L00000001"]


def test_a_file_name_that_is_not_text_can_be_imported(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.jsonl"))
    path.write_text(make_line("L00000001"))
    assert take(path)[0].stored == 1


def test_numbers_too_large_for_any_table_are_kept_as_text(tmp_path: Path) -> None:
    take(make_file(tmp_path, make_line("L1", make_header(KEY=10**400))))
    assert Dataset.objects.get().header["KEY"] == str(10**400)


def add(*names: str, **header: str) -> None:
    body = "".join(f"{make_line(name, make_header(**header))}\n" for name in names)
    add_datasets(io.BytesIO(body.encode()), user="tester")


@pytest.mark.needs("postgresql")
def test_only_imports_of_files_are_stored_without_waiting_for_the_disk(tmp_path: Path) -> None:
    add("L00000001")
    assert waits_for_disk() == "on"
    take(make_file(tmp_path, *lines(1)))
    assert waits_for_disk() == "off"


def waits_for_disk() -> str:
    """Return whether the commit of this transaction waits until it is on disk, as PostgreSQL calls it."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        return str(cursor.fetchone()[0])


@pytest.mark.needs("postgresql")
def test_rows_are_stored_in_one_order_for_all_writers() -> None:
    add("L00000002", "L00000003", "L00000001")
    assert [row.exposure for row in Dataset.objects.order_by("pk")] == stored()


def test_new_modes_are_stored_before_the_transaction_that_locks_rows() -> None:
    cover_parkeys("cos", ["DETECTOR"])
    before, found = savepoints(), []

    def note(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        if sql.startswith("INSERT") and ExposureMode._meta.db_table in sql:
            found.append(savepoints())
        return execute(sql, *arguments)

    with connection.execute_wrapper(note):
        add("L00000001", DETECTOR="NUV")
    assert found == [before]
    mode = Dataset.objects.get().mode
    assert mode is not None
    assert mode.header["DETECTOR"] == "NUV"


def savepoints() -> int:
    """Return the number of transactions inside that of the test."""
    return sum(name is not None for name in connection.savepoint_ids)
