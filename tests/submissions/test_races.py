"""Many at once: one confirmation, and a name of its own for every file."""

from functools import partial
from typing import Any

from apps.catalog.models import Delivery
from apps.submissions.models import Submission, SubmittedFile
from apps.submissions.operations import confirm
from apps.submissions.pipeline.naming import assign_official_names
from apps.submissions.pipeline.work import Work
from tests.factories.races import Run, at_once
from tests.factories.sites import Snapshot, claimed, deliver, find_user, make_ready, make_site, snapshot

CROWD = 6


def test_each_of_many_files_gets_a_name_of_its_own(run_apart: Run) -> None:
    results, names = run_apart(_names)
    assert results == [None] * CROWD
    assert names == [f"jwst_miri_flat_{serial:04}.fits" for serial in range(2, 2 + 2 * CROWD)]


def _names() -> tuple[list[Any], list[str]]:
    """Several submissions name two flats each, with one number more where others were given up."""
    make_site()
    works = []
    for number in range(CROWD):
        files = {f"{letter}.fits": b"%d %d" % (number, position) for position, letter in enumerate("ab")}
        submission = deliver(files, user=f"user{number}", kind="certify", instrument="miri")
        submission.files.update(instrument="miri", filekind="flat")
        works.append(Work(claimed(submission), submission))
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
    results = at_once([partial(confirm, press, user=homer, lock_key=None) for press in presses])
    return results, snapshot(), Delivery.objects.count()
