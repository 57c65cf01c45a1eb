"""Derived bytes are made again after a change, and only then."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.catalog import audit
from apps.catalog.models import AuditRecord
from apps.distribution import derived_data

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def forget(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function that empties the memory, as in a new process."""

    def forget() -> None:
        monkeypatch.setattr(derived_data, "_newest", {})

    forget()
    return forget


class Maker:
    """A maker of different bytes at each call."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> bytes:
        self.times += 1
        return f"edition {self.times}".encode()


def ask(make: Callable[[], bytes]) -> bytes:
    return derived_data.current("thing", make)


def change() -> None:
    audit.noted("test", user="homer")


def files(data_root: Path) -> list[str]:
    return sorted(path.name for path in (data_root / "published").iterdir())


def test_it_is_made_once_while_nothing_changes() -> None:
    make = Maker()
    assert [ask(make), ask(make), ask(make)] == [b"edition 1"] * 3
    assert make.times == 1


def test_it_is_made_again_after_each_change() -> None:
    make = Maker()
    assert ask(make) == b"edition 1"
    change()
    assert ask(make) == b"edition 2"


def test_another_process_reads_the_data_that_one_has_made(forget: Callable[[], None]) -> None:
    make = Maker()
    ask(make)
    forget()
    assert ask(make) == b"edition 1"


def test_only_the_newest_edition_stays_on_the_disk(data_root: Path) -> None:
    make = Maker()
    ask(make)
    derived_data.current("other", make)
    change()
    ask(make)
    assert [name.split("-")[0] for name in files(data_root)] == ["other", "thing"]


@pytest.mark.parametrize("setting", ["PUBLIC_URL", "MAX_HEADERS_PER_RPC", "MAX_BESTREFS_PER_RPC"])
def test_a_changed_setting_makes_it_again(settings: Any, setting: str) -> None:
    make = Maker()
    ask(make)
    setattr(settings, setting, "http://elsewhere" if setting == "PUBLIC_URL" else 7)
    assert ask(make) == b"edition 2"


def test_a_change_during_the_making_makes_it_again_at_the_next_call() -> None:
    make = Maker()

    def make_and_change() -> bytes:
        content = make()
        change()
        return content

    assert ask(make_and_change) == b"edition 1"
    assert ask(make) == b"edition 2"


def test_a_restored_database_does_not_find_the_files_of_its_other_future(
    forget: Callable[[], None],
) -> None:
    make = Maker()
    change()
    ask(make)
    AuditRecord.objects.all().delete()
    AuditRecord.objects.create(action="test", user="homer")
    forget()
    assert ask(make) == b"edition 2"


@pytest.mark.parametrize("damage", [b"", b"x", b"0" * 40 + b"edition 7"])
def test_a_damaged_file_is_made_again(forget: Callable[[], None], data_root: Path, damage: bytes) -> None:
    make = Maker()
    ask(make)
    [name] = files(data_root)
    (data_root / "published" / name).write_bytes(damage)
    forget()
    assert ask(make) == b"edition 2"


def test_a_disk_that_cannot_be_written_costs_only_time(data_root: Path) -> None:
    (data_root / "published").write_text("in the way")
    make = Maker()
    assert [ask(make), ask(make)] == [b"edition 1"] * 2


def test_one_thing_may_be_made_from_another() -> None:
    assert (
        derived_data.current("outer", lambda: derived_data.current("inner", Maker()) + b"!") == b"edition 1!"
    )


@pytest.mark.django_db(transaction=True)
def test_callers_at_once_wait_for_one_making() -> None:
    make, answers = Maker(), []
    entered = threading.Barrier(4, timeout=10)

    def slow() -> bytes:
        return make()

    def caller() -> None:
        from django.db import connection

        entered.wait()
        try:
            answers.append(ask(slow))
        finally:
            connection.close()

    threads = [threading.Thread(target=caller) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [b"edition 1"] * 4
