"""Confirming, forcing and cancelling: the permissions, the results, and the state after a refusal."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from apps.catalog import deliveries, storage
from apps.catalog.models import Delivery, File
from apps.contexts import operations as contexts
from apps.contexts.queries import find_pointed
from apps.core.errors import ConflictError, DeniedError
from apps.locks.models import Lock
from apps.locks.operations import acquire, release_user
from apps.rules.text.derived_mappings import CollisionError
from apps.rules.text.parser import parse_mapping
from apps.submissions import staging
from apps.submissions.errors import NoSpaceError, NotReadyError, UnprotectedError
from apps.submissions.models import Submission
from apps.submissions.operations import cancel, confirm, force
from apps.submissions.uploads import ingest_area
from tests.factories.accounts import make_user
from tests.factories.sites import (
    BASE,
    deliver,
    find_user,
    make_content,
    make_ready,
    process,
    snapshot,
)

NEW = ("jwst_0002.pmap", "jwst_miri_0002.imap", "jwst_miri_flat_0002.fits", "jwst_miri_flat_0002.rmap")


def text_of(name: str) -> str:
    return storage.path_of(name).read_text()


def confirmed(submission: Submission) -> Submission:
    return confirm(submission, user=find_user(submission.user))


def test_a_confirmation_makes_files_official_under_a_new_edit_context(site: str) -> None:
    before = snapshot()
    submission = confirmed(make_ready())
    after = snapshot()
    assert {name for name, _ in after.files} - {name for name, _ in before.files} == set(NEW)
    assert after.stored == after.files
    assert set(before.files) <= set(after.files)
    assert (after.edit, after.locks, after.folders) == ("jwst_0002.pmap", (), ())
    assert find_pointed("latest") == BASE
    assert "'jwst_miri_0002.imap'" in text_of("jwst_0002.pmap")
    assert "'jwst_nircam_0001.imap'" in text_of("jwst_0002.pmap")
    assert "'jwst_miri_flat_0002.rmap'" in text_of("jwst_miri_0002.imap")
    assert "'jwst_miri_flat_0002.fits'" in text_of("jwst_miri_flat_0002.rmap")
    for name in NEW[:2]:
        assert parse_mapping(text_of(name), name).header["derived_from"] == name.replace("2", "1")
    assert ingest_area.files_of(find_user().pk) == []
    row = File.objects.get(name="jwst_miri_flat_0002.fits")
    assert (row.uploaded_as, row.deliverer, row.description) == ("flat.fits", "homer", "Better corners.")
    assert row.catalog_link == submission.delivery == Delivery.objects.get().name


def test_the_bytes_of_the_folder_are_removed_by_a_sweep_and_nobody_waits_for_it(
    site: str, settings: Any
) -> None:
    submission = confirmed(make_ready())
    removed = settings.DATA_ROOT / "removed"
    assert not submission.folder.exists()
    assert [path.name for path in removed.glob("*/official/*.fits")] == ["jwst_miri_flat_0002.fits"]
    staging.clear_all()
    assert list(removed.iterdir()) == []
    assert storage.path_of("jwst_miri_flat_0002.fits").stat().st_nlink == 1 + _delivered_links()


def _delivered_links() -> int:
    """Return 1 if the delivery folder has a link to the file, and not a copy."""
    return int(deliveries.folder.path_of("jwst_miri_flat_0002.fits").exists())


def test_confirming_twice_changes_nothing(site: str) -> None:
    submission = make_ready()
    stale = Submission.objects.get(pk=submission.pk)
    confirmed(submission)
    after = snapshot()
    for again in (stale, submission):
        assert confirmed(again).status == "confirmed"
    assert force(stale, user=find_user("marge")).status == "confirmed"
    assert snapshot() == after


def test_only_the_submitter_confirms(site: str) -> None:
    submission = make_ready()
    with pytest.raises(DeniedError, match="Only homer may confirm"):
        confirm(submission, user=find_user("marge"))
    with pytest.raises(DeniedError, match="may not submit files of miri"):
        force(submission, user=_nircam_only())


def _nircam_only() -> Any:
    Lock.objects.all().delete()
    return make_user("bart", instruments=["nircam"])


def test_a_lock_that_was_stolen_leaves_only_force_and_cancel(site: str) -> None:
    submission = make_ready()
    before = snapshot()
    with pytest.raises(UnprotectedError, match="homer still holds the lock of miri"):
        force(submission, user=find_user("marge"))
    now = timezone.now()
    Lock.objects.update(created_at=now - timedelta(hours=4), expires_at=now - timedelta(seconds=1))
    acquire(instrument="miri", user="marge")
    with pytest.raises(UnprotectedError, match=r"marge has held the lock.*force or cancel it"):
        confirmed(submission)
    assert snapshot() == before
    assert submission.status == "ready"
    assert force(submission, user=find_user("marge")).status == "forced"
    assert snapshot().edit == "jwst_0002.pmap"
    # The lock stays: it was not that of this submission.
    assert snapshot().locks == ("miri",)


def test_a_lock_that_was_given_up_and_taken_anew_protects_no_more(site: str) -> None:
    submission = make_ready()
    release_user("homer")
    acquire(instrument="miri", user="homer")
    with pytest.raises(UnprotectedError, match="released and taken again"):
        confirmed(submission)


def test_what_others_changed_meanwhile_stays(site: str) -> None:
    """Submissions for two instruments change the edit context, one after the other."""
    flats = {"nircam.fits": make_content(instrument="nircam")}
    first = make_ready()
    second = make_ready(flats, user="marge", instrument="nircam")
    confirmed(first)
    assert confirmed(second).final_base == "jwst_0002.pmap"
    pmap = text_of("jwst_0003.pmap")
    assert "'jwst_miri_0002.imap'" in pmap
    assert "'jwst_nircam_0002.imap'" in pmap


def moved_on() -> tuple[Submission, Submission]:
    """Return two submissions of flats; the second has been confirmed."""
    first = make_ready()
    Lock.objects.all().delete()
    second = make_ready({"flat.fits": make_content(FILTER="F770W")}, user="marge")
    confirmed(second)
    acquire(instrument="miri", user="homer")
    Submission.objects.filter(pk=first.pk).update(lock_tenure=Lock.objects.get().tenure)
    first.refresh_from_db()
    return first, second


def test_a_type_that_moved_on_is_not_overwritten_unless_forced(site: str) -> None:
    first, second = moved_on()
    assert [file.official_name for file in first.files.all()] == list(NEW[2:])
    assert second.collisions == [
        {"new": "jwst_miri_flat_0003.fits", "existing": "jwst_miri_flat_0002.fits", "parent": "flat.fits"},
        {
            "new": "jwst_miri_flat_0003.rmap",
            "existing": "jwst_miri_flat_0002.rmap",
            "parent": "jwst_miri_flat_0001.rmap",
        },
    ]
    before = snapshot()
    with pytest.raises(
        CollisionError, match=r"jwst_miri_flat_0002.rmap was derived from jwst_miri_flat_0001"
    ):
        confirmed(first)
    assert snapshot() == before
    assert first.status == "ready"
    release_user("homer")
    assert force(first, user=find_user()).status == "forced"
    assert "'jwst_miri_flat_0002.rmap'" in text_of("jwst_miri_0003.imap")
    assert "'jwst_miri_flat_0003.rmap'" in text_of("jwst_miri_0002.imap")


def test_a_full_disk_refuses_the_confirmation_and_leaves_it_ready(
    site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = make_ready()
    before = snapshot()
    with monkeypatch.context() as patch:
        patch.setattr(storage.os, "link", full_after(2))
        with pytest.raises(NoSpaceError, match="no space left"):
            confirmed(submission)
    assert snapshot() == before
    assert confirmed(submission).status == "confirmed"


def full_after(count: int) -> Any:
    """Return a replacement of `os.link` that works `count` times, and then reports a full disk."""
    import errno
    import os

    link, calls = os.link, 0

    def limited(source: Path, target: Path) -> None:
        nonlocal calls
        calls += 1
        if calls > count:
            raise OSError(errno.ENOSPC, "No space left on device")
        link(source, target)

    return limited


def test_an_error_in_the_transaction_leaves_it_ready(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    submission = make_ready()
    before = snapshot()
    with monkeypatch.context() as patch:
        patch.setattr(contexts, "move_edit", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            confirmed(submission)
    assert (snapshot(), submission.status) == (before, "ready")
    assert confirmed(submission).new_context == "jwst_0002.pmap"


def test_a_ready_submission_is_cancelled_and_its_names_are_free(site: str) -> None:
    before = snapshot()
    submission = make_ready()
    with pytest.raises(DeniedError, match="nobody else may cancel it"):
        cancel(submission, user=find_user("marge"))
    assert cancel(submission, user=find_user()).status == "cancelled"
    assert snapshot() == before
    assert cancel(submission, user=find_user()).status == "cancelled"
    with pytest.raises(
        NotReadyError, match=r"This submission is cancelled\. Only a ready submission can be confirmed"
    ):
        confirmed(submission)
    # The files of the ingest area are kept, and the official names are free again.
    again = make_ready({})
    assert [file.official_name for file in again.files.all()] == list(NEW[2:])


def test_what_is_confirmed_cannot_be_cancelled(site: str) -> None:
    submission = confirmed(make_ready())
    with pytest.raises(NotReadyError, match="is confirmed and cannot be cancelled"):
        cancel(submission, user=find_user())


def test_anybody_of_the_team_cancels_what_no_lock_protects(site: str) -> None:
    submission = make_ready()
    release_user("homer")
    assert cancel(submission, user=find_user("marge")).ended_by == "marge"


def test_a_certify_run_without_an_instrument_is_cancelled_by_its_submitter_or_an_operator(site: str) -> None:
    run = deliver(kind="certify", instrument="")
    with pytest.raises(DeniedError, match="Only homer or an operator may cancel this run"):
        cancel(run, user=_nircam_only())
    cancel(run, user=make_user("lisa", role="operator"))
    assert process(run).status == "cancelled"


def test_a_second_submission_waits_for_the_first_one(site: str) -> None:
    make_ready()
    before = snapshot()
    with pytest.raises(ConflictError, match=r"for miri is ready\. Confirm or cancel it at http"):
        deliver()
    assert snapshot() == before


def test_cancelling_while_it_waits_ends_it_at_once(site: str) -> None:
    before = snapshot()
    submission = deliver()
    cancel(submission, user=find_user())
    assert process(submission).status == "cancelled"
    assert snapshot() == before
