"""Quick looks: requested once, made by a worker, and kept until there are too many."""

import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from apps.catalog import quick_looks
from apps.catalog.models import File
from apps.catalog.quick_looks import Status, pipeline, stored
from apps.catalog.storage import path_of
from apps.certify.quick_looks.values import QuickLook
from apps.core import bucket
from apps.jobs.models import Job
from tests.factories.catalog import make_file
from tests.factories.own_bucket import use_memory_bucket
from tests.factories.quick_looks import fits_bytes, make_look, make_reference, work
from tests.factories.races import Run, at_once

pytestmark = pytest.mark.django_db


def test_a_look_is_queued_once_and_made(django_assert_num_queries: Any) -> None:
    file = make_reference()
    assert quick_looks.state_of(file).status == Status.NONE
    assert [quick_looks.ask_for(file).status for _ in range(2)] == [Status.WAITING, Status.WAITING]
    [job] = Job.objects.all()
    assert (job.kind, job.subject_id) == ("look", file.pk)
    work()
    with django_assert_num_queries(0):
        state = quick_looks.ask_for(file)
    assert state.status == Status.MADE
    assert state.look is not None
    assert [part.name for part in state.look.parts] == ["PRIMARY", "SCI"]
    assert quick_looks.picture_path(file.sha1sum, "part1-asinh.webp") is not None
    assert not list((stored.root() / ".unfinished").iterdir())
    assert Job.objects.get().status == "completed"


def test_of_many_who_ask_at_once_one_queues_the_look(run_apart: Run) -> None:
    def scenario() -> None:
        file = make_reference()
        states = at_once([lambda: quick_looks.ask_for(file)] * 6)
        assert {state.status for state in states} == {Status.WAITING}
        assert Job.objects.count() == 1

    run_apart(scenario)


def test_only_some_looks_wait(settings: Any) -> None:
    settings.LOOKS_WAITING = 2
    files = [make_reference(f"jwst_miri_dark_000{n}.fits", content=fits_bytes(N=str(n))) for n in range(3)]
    assert [quick_looks.ask_for(file).status for file in files] == [
        Status.WAITING,
        Status.WAITING,
        Status.BUSY,
    ]
    assert Job.objects.count() == 2
    work()
    assert quick_looks.ask_for(files[2]).status == Status.WAITING


def test_other_names_of_the_same_bytes_share_the_look() -> None:
    make_look()
    other = make_reference("jwst_miri_dark_0002.fits")
    assert quick_looks.ask_for(other).status == Status.MADE
    assert Job.objects.count() == 1


def test_what_is_deleted_is_made_again() -> None:
    file = make_look()
    shutil.rmtree(stored.root())
    assert quick_looks.ask_for(file).status == Status.WAITING
    work()
    assert quick_looks.ask_for(file).status == Status.MADE


@pytest.mark.parametrize("content", [b"{", QuickLook(version=0).dumps()])
def test_a_look_that_is_damaged_or_of_another_version_is_made_again(content: bytes) -> None:
    file = make_look()
    (stored.folder_of(file.sha1sum) / "look.json").write_bytes(content)
    assert quick_looks.ask_for(file).status == Status.WAITING
    work()
    assert quick_looks.ask_for(file).status == Status.MADE


def test_a_file_that_cannot_be_read_says_why_and_is_not_tried_again() -> None:
    file = make_look(make_reference(content=b"no FITS at all"))
    state = quick_looks.ask_for(file)
    assert (state.status, state.look) == (Status.FAILED, None)
    assert "begins with b'no FITS at all'" in state.reason
    assert Job.objects.count() == 1


def test_a_file_that_asks_for_too_much_says_so_and_is_not_tried_again(settings: Any) -> None:
    settings.LOOK_SECONDS = 0.01
    file = make_look()
    assert "takes longer than 0.01 s" in quick_looks.ask_for(file).reason
    settings.LOOK_SECONDS = 60
    assert quick_looks.ask_for(file).status == Status.FAILED
    assert quick_looks.ask_again(file, user="homer").status == Status.WAITING
    work()
    assert quick_looks.ask_for(file).status == Status.MADE
    assert Job.objects.count() == 2


def test_a_look_that_failed_without_a_trace_in_the_cache_is_not_tried_again() -> None:
    file = make_reference()
    path_of(file.name).unlink()
    make_look(file)
    state = quick_looks.ask_for(file)
    assert state.status == Status.FAILED
    assert "is missing from the store" in state.reason
    assert Job.objects.count() == 1
    Job.objects.update(channel=None)
    assert f"incident job-{Job.objects.get().pk}" in quick_looks.ask_for(file).reason
    assert quick_looks.ask_again(file, user="homer").status == Status.WAITING


def test_what_is_made_need_not_be_made_again_however_often_one_asks() -> None:
    file = make_look()
    assert quick_looks.ask_again(file, user="homer").status == Status.MADE
    assert Job.objects.count() == 1


def test_of_files_that_are_not_held_there_is_no_look() -> None:
    assert quick_looks.ask_for(make_file()).status == Status.NOT_HELD
    assert not Job.objects.exists()


def test_a_worker_that_lost_its_job_keeps_nothing() -> None:
    file = make_reference()
    quick_looks.ask_for(file)
    job = Job.objects.get()
    Job.objects.update(abort_at=timezone.now())
    work()
    assert stored.find(file.sha1sum) is None
    job.refresh_from_db()
    assert job.status == "cancelled"
    assert quick_looks.ask_for(file).status == Status.WAITING


@pytest.mark.parametrize(
    "name", ["", "look.json.bak", "../look.json", "part1-log.webp", "part1-linear.png", "Part1-linear.webp"]
)
def test_only_pieces_of_looks_are_found(name: str) -> None:
    file = make_look()
    (stored.folder_of(file.sha1sum) / "part1-linear.png").write_bytes(b"x")
    assert quick_looks.picture_path(file.sha1sum, "look.json") is not None
    assert quick_looks.picture_path(file.sha1sum, name) is None
    assert quick_looks.picture_path("../" * 20, "look.json") is None


def age(file: File, days: float) -> None:
    moment = (timezone.now() - timedelta(days=days)).timestamp()
    os.utime(stored.folder_of(file.sha1sum), (moment, moment))


def test_the_looks_nobody_asks_for_go_first(settings: Any) -> None:
    files = [
        make_look(make_reference(f"jwst_miri_dark_000{n}.fits", content=fits_bytes(N=str(n))))
        for n in range(3)
    ]
    for days, file in enumerate(files, 2):
        age(file, days)
    quick_looks.state_of(files[2])  # Somebody looks at the oldest.
    sizes = [sum(path.stat().st_size for path in stored.folder_of(file.sha1sum).iterdir()) for file in files]
    settings.LOOKS_BYTES = sum(sizes) - 1
    pipeline.sweep()
    assert [stored.folder_of(file.sha1sum).exists() for file in files] == [True, False, True]
    pipeline.sweep()
    assert [stored.folder_of(file.sha1sum).exists() for file in files] == [True, False, True]


@pytest.fixture
def machines(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    """Return the data roots of two machines that share a bucket; the test begins on the first."""
    use_memory_bucket(settings, monkeypatch)
    roots = [settings.DATA_ROOT, tmp_path / "another"]
    yield roots
    go_to(settings, roots[0])


def go_to(settings: Any, root: Path) -> None:
    settings.DATA_ROOT, settings.STORE_ROOT = root, root / "store"


def shared_looks() -> set[str]:
    return {Path(each.key).parent.name for each in bucket.listed("looks")}


def test_a_machine_that_trims_its_copies_leaves_the_looks_of_the_others(
    settings: Any, machines: list[Path]
) -> None:
    file = make_look()
    go_to(settings, machines[1])
    assert quick_looks.state_of(file).status == Status.MADE
    go_to(settings, machines[0])
    age(file, 2)
    assert stored._trim_folder(1) == 1
    assert not stored.folder_of(file.sha1sum).exists()
    assert shared_looks() == {file.sha1sum}
    assert quick_looks.state_of(file).status == Status.MADE


def test_the_bucket_keeps_the_looks_that_were_used_last(settings: Any, machines: list[Path]) -> None:
    files = [
        make_look(make_reference(f"jwst_miri_dark_000{n}.fits", content=fits_bytes(N=str(n))))
        for n in range(2)
    ]
    age(files[0], 2)
    quick_looks.state_of(files[0])  # Somebody looks at the older one.
    sizes = [sum(path.stat().st_size for path in stored.folder_of(file.sha1sum).iterdir()) for file in files]
    settings.LOOKS_BYTES = max(sizes)
    go_to(settings, machines[1])
    pipeline.sweep()
    assert shared_looks() == {files[0].sha1sum}
    settings.LOOKS_BYTES = 1
    pipeline.sweep()
    assert not list(bucket.listed("looks"))


def test_a_look_that_another_machine_removes_just_now_is_not_taken_in_half(
    settings: Any, machines: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = make_look()
    go_to(settings, machines[1])
    listed = bucket.listed
    monkeypatch.setattr(
        bucket, "listed", lambda folder: (each for each in listed(folder) if not each.key.endswith(".json"))
    )
    assert stored.find(file.sha1sum) is None
    assert not stored.folder_of(file.sha1sum).exists()


def test_what_a_killed_worker_left_is_removed(data_root: Path) -> None:
    fresh, old = (data_root / "looks" / ".unfinished" / name for name in ("fresh", "old"))
    for folder in (fresh, old):
        folder.mkdir(parents=True)
    moment = (timezone.now() - timedelta(hours=2)).timestamp()
    os.utime(old, (moment, moment))
    pipeline.sweep()
    assert (fresh.exists(), old.exists()) == (True, False)


def test_old_rows_of_jobs_that_are_done_are_removed() -> None:
    make_look()
    failed = make_reference("jwst_miri_dark_0002.fits", content=fits_bytes(N="2"))
    path_of(failed.name).unlink()
    make_look(failed)
    Job.objects.update(finished_at=timezone.now() - pipeline.REMEMBERED + timedelta(minutes=1))
    pipeline.sweep()
    assert Job.objects.count() == 2
    Job.objects.update(finished_at=timezone.now() - pipeline.REMEMBERED - timedelta(minutes=1))
    pipeline.sweep()
    # A failure is remembered.
    assert Job.objects.get().subject_id == failed.pk
