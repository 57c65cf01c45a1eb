"""Many requests at the same time: one confirmation, and a different name for every file."""

from functools import partial
from typing import Any

from apps.catalog.models import Delivery
from apps.locks import operations as locks
from apps.locks.models import Lock
from apps.submissions.errors import UnprotectedError
from apps.submissions.models import Submission, SubmittedFile
from apps.submissions.operations import confirm, force
from apps.submissions.pipeline.official_names import assign_official_names
from apps.submissions.pipeline.submission_run import SubmissionRun
from tests.factories.races import Run, at_once
from tests.factories.sites import Snapshot, claimed, deliver, find_user, make_ready, make_site, snapshot
from tests.factories.submissions import make_upload_submission

CROWD = 6


def test_each_of_many_files_gets_a_name_of_its_own(run_apart: Run) -> None:
    results, names = run_apart(_names)
    assert results == [None] * CROWD
    assert names == [f"jwst_miri_flat_{serial:04}.fits" for serial in range(2, 2 + 2 * CROWD)]


def _names() -> tuple[list[Any], list[str]]:
    """Assign names to two flats of each of several submissions at once; return results and names."""
    make_site()
    works = []
    for number in range(CROWD):
        files = {f"{letter}.fits": b"%d %d" % (number, position) for position, letter in enumerate("ab")}
        submission = deliver(files, user=f"user{number}", kind="certify", instrument="miri")
        submission.files.update(instrument="miri", filekind="flat")
        works.append(SubmissionRun(claimed(submission), submission))
    results = at_once([partial(assign_official_names, work) for work in works])
    names = SubmittedFile.objects.filter(is_reserved=True).values_list("official_name", flat=True)
    return results, sorted(names)


def test_of_several_presses_one_works_and_all_show_it(run_apart: Run) -> None:
    results, after, deliveries = run_apart(_presses)
    assert [getattr(result, "status", result) for result in results] == ["confirmed"] * 3
    assert after.stored == after.files
    assert (after.edit, after.locks, after.folders) == ("jwst_0002.pmap", (), ())
    assert [name for name, _ in after.files if name.endswith("_0002.fits")] == ["jwst_miri_flat_0002.fits"]
    assert deliveries == 1


def _presses() -> tuple[list[Any], Snapshot, int]:
    make_site()
    submission = make_ready()
    homer = find_user()
    presses = [Submission.objects.get(pk=submission.pk) for _ in range(3)]
    results = at_once([partial(confirm, press, user=homer) for press in presses])
    return results, snapshot(), Delivery.objects.count()


def test_a_confirmation_succeeds_while_another_session_takes_the_lock_over(run_apart: Run) -> None:
    (confirmed, lock), before, after = run_apart(_confirmed_and_taken_over)
    assert confirmed.status == "confirmed"
    # Either the login came first and its lock was released, or it came later and has a lock of its own.
    assert after in ([], [lock.tenure])
    assert (lock.tenure == before) is (after == [])


def _confirmed_and_taken_over() -> tuple[list[Any], Any, list[Any]]:
    submission, homer = make_upload_submission(), find_user()
    before = Lock.objects.get().tenure
    take_over = partial(locks.acquire, instrument="miri", user="homer", key="")
    results = at_once([partial(confirm, submission, user=homer), take_over])
    return results, before, list(Lock.objects.values_list("tenure", flat=True))


def test_a_submission_is_confirmed_under_its_lock_or_not_at_all(run_apart: Run) -> None:
    (confirmed, given_back), status = run_apart(_confirmed_and_given_back)
    assert isinstance(given_back, bool), given_back
    # The lock is released once, either by the confirmation or by the logout, whichever comes first.
    assert (status == "confirmed") is not given_back
    assert isinstance(confirmed, UnprotectedError) is given_back


def _confirmed_and_given_back() -> tuple[list[Any], str]:
    submission, homer = make_upload_submission(), find_user()
    results = at_once([partial(confirm, submission, user=homer), partial(locks.release_user, "homer")])
    return results, Submission.objects.get().status


def test_of_two_people_who_force_one_does_and_both_see_it(run_apart: Run) -> None:
    results, forcers = run_apart(_forced_by_two)
    assert [getattr(result, "status", result) for result in results] == ["forced", "forced"]
    assert len(forcers) == 1


def _forced_by_two() -> tuple[list[Any], set[str]]:
    submission = make_upload_submission()
    people = [find_user("homer"), find_user("marge")]
    locks.release_user("homer")
    presses = [partial(force, Submission.objects.get(pk=submission.pk), user=person) for person in people]
    return at_once(presses), set(Submission.objects.values_list("ended_by", flat=True))
