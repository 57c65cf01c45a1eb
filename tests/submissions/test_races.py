"""Many at once: one confirmation, and a name of its own for every file."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, connections

from apps.catalog.models import Delivery, File
from apps.submissions.models import Submission, SubmittedFile
from apps.submissions.operations import confirm
from apps.submissions.pipeline.naming import assign_official_names
from apps.submissions.pipeline.work import Work
from tests.factories.sites import claimed, deliver, find_user, make_ready, make_site, snapshot
from tests.locks.test_races import at_once

IS_SQLITE = connection.vendor == "sqlite"
CROWD = 6

# Threads see each other's rows only when these are committed.
pytestmark = [] if IS_SQLITE else [pytest.mark.django_db(transaction=True)]
Run = Callable[[Callable[[], None]], None]


@pytest.fixture
def run_apart(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Run]:
    """Run a scenario where the rows of one thread are seen by the others; SQLite needs a file for that."""
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
        call_command("migrate", verbosity=0)
        scenario()

    (result,) = at_once([prepared])
    if result is not None:
        raise result


def test_names_and_confirmations_take_turns(run_apart: Run) -> None:
    run_apart(_scenario)


def _scenario() -> None:
    make_site()
    _all_get_names_of_their_own()
    _of_several_presses_one_works_and_all_show_it()


def _all_get_names_of_their_own() -> None:
    """Several submissions name two flats each, with one number more where others were given up."""
    works = []
    for number in range(CROWD):
        files = {f"{letter}.fits": b"%d %d" % (number, position) for position, letter in enumerate("ab")}
        submission = deliver(files, user=f"user{number}", kind="certify", instrument="miri")
        submission.files.update(instrument="miri", filekind="flat")
        works.append(Work(claimed(submission), submission))
    results = at_once([partial(assign_official_names, work) for work in works])
    assert results == [None] * CROWD
    names = SubmittedFile.objects.filter(is_reserved=True).values_list("official_name", flat=True)
    expected = [f"jwst_miri_flat_{serial:04}.fits" for serial in range(2, 2 + 2 * CROWD)]
    assert sorted(names) == expected
    SubmittedFile.objects.update(is_reserved=False)


def _of_several_presses_one_works_and_all_show_it() -> None:
    submission = make_ready()
    homer = find_user()
    presses = [Submission.objects.get(pk=submission.pk) for _ in range(3)]
    results = at_once([partial(confirm, press, user=homer, lock_key=None) for press in presses])
    assert [getattr(result, "status", result) for result in results] == ["confirmed"] * 3
    after = snapshot()
    assert after.stored == after.files
    assert (after.edit, after.locks) == ("jwst_0002.pmap", ())
    assert not submission.folder.exists()
    assert Delivery.objects.count() == 1
    assert File.objects.filter(name__endswith="_0002.fits").count() == 1
