"""The kept answers must equal those asked header by header."""

import io
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from apps.bestrefs.models import BestReference, KeptDataset, KeptRules, ModeTimeline, ReferenceTimeline
from apps.bestrefs.pipeline import _sort, follow, is_current, keep
from apps.bestrefs.reference_uses import datasets_with, uses_of
from apps.catalog.operations import add_file
from apps.contexts.models import Pointer
from apps.contexts.operations import set_context
from apps.contexts.queries import get_context
from apps.core.errors import NotFoundError
from apps.datasets.models import Dataset
from apps.datasets.operations import cover_parkeys
from apps.datasets.pipeline import sort_into_modes
from apps.jobs import pipeline as jobs
from apps.jobs.errors import LostClaimError
from apps.jobs.models import Job
from apps.rules.errors import CrdsError
from apps.rules.lookup.context import Context
from tests.factories.datasets import make_dataset, make_header
from tests.factories.reprocessing import NEW, OLD, move, publish_both

pytestmark = pytest.mark.django_db

BOUNDARY = datetime(2010, 1, 1, tzinfo=UTC)
ODD = "LB4Q09010:LB4Q09ABQ"


@pytest.fixture(autouse=True)
def contexts(db: None) -> None:
    publish_both()
    set_context(pointer="edit", context=NEW, user="tester", reason="Why not.", is_overridden=True)
    make_exposures()


def make_exposures() -> None:
    """Make exposures of both detectors before, at and after the new date, and some with unusual headers."""
    number = 0
    for detector in ("FUV", "NUV", "fuv", "ELSE"):
        for moment in (-timedelta(microseconds=1), timedelta(0), timedelta(seconds=1)):
            number += 1
            start = BOUNDARY + moment
            header = make_header(
                DATE_OBS=f"{start:%Y-%m-%d}", TIME_OBS=f"{start:%H:%M:%S.%f}", DETECTOR=detector
            )
            make_dataset(f"LB4Q{number:02}010:LB4Q{number:02}ABQ", header=header, observed_at=start)
    make_dataset("LB4Q90010:LB4Q90ABQ", header=make_header(DATE_OBS=None), observed_at=None)
    make_dataset("LB4Q91010:LB4Q91ABQ", header=make_header(DATE_OBS="06/05/10"))
    make_dataset("J8BT05010:J8BT05NJQ", instrument="acs", header=make_header(INSTRUME="ACS"))


def by_header(context: str) -> set[tuple[str, str, str]]:
    """Return id, type and reference of all datasets, asked one by one; empty type if the header fails."""
    rules = get_context(context)
    found = set()
    for dataset in Dataset.objects.all():
        try:
            answers = rules.best_references(dataset.header)
        except CrdsError:
            continue
        found |= {
            (dataset.dataset_id, reftype, answer)
            for reftype, answer in answers.items()
            if not answer.startswith("NOT FOUND")
        }
    return found


def kept(pointer: Pointer) -> set[tuple[str, str]]:
    names = {answer for context in (OLD, NEW) for _, _, answer in by_header(context)}
    return {(dataset, name) for name in names for dataset, _ in datasets_with(name, pointer)}


def without_types(answers: set[tuple[str, str, str]], *, odd: bool = True) -> set[tuple[str, str]]:
    return {(dataset, name) for dataset, _, name in answers if odd or "Q9" not in dataset}


def test_kept_answers_equal_those_of_each_header() -> None:
    assert not is_current()
    assert keep() == 3  # Two with an unusual date, and one of an instrument without rules.
    assert is_current()
    assert kept(Pointer.LATEST) == without_types(by_header(OLD))
    assert kept(Pointer.EDIT) == without_types(by_header(NEW), odd=False)
    assert by_header(OLD) != by_header(NEW)


def test_most_datasets_have_no_rows_of_their_own() -> None:
    keep()
    assert KeptDataset.objects.count() == 3
    assert ModeTimeline.objects.count() == 3 * 3  # FUV, NUV and ELSE; deadtab of both contexts and brftab.


def test_contexts_share_what_is_kept_for_one_rmap() -> None:
    keep()
    assert sorted(KeptRules.objects.values_list("rmap", flat=True)) == [
        "hst_cos_brftab_0001.rmap",
        "hst_cos_deadtab_0001.rmap",
        "hst_cos_deadtab_0002.rmap",
    ]


def test_a_move_of_latest_is_followed_and_old_answers_are_deleted() -> None:
    keep()
    move(NEW)
    [use] = uses_of("nuv.fits", "cos")
    assert (use.context, use.count) == (OLD, 3)
    assert use.gaps == (f"Latest is {NEW} now; its answers are not worked out yet.",)
    assert follow()
    assert not follow()  # One job is enough.
    jobs.execute(Job.objects.get(kind="bestrefs").pk)
    assert not follow()
    [use] = uses_of("nuv.fits", "cos")
    assert (use.context, use.count, use.gaps) == (NEW, 0, ())
    assert kept(Pointer.LATEST) == without_types(by_header(NEW))
    assert not KeptRules.objects.filter(rmap="hst_cos_deadtab_0001.rmap").exists()
    assert not ReferenceTimeline.objects.filter(steps__reference="nuv.fits").exists()


def test_imports_are_followed() -> None:
    keep()
    make_dataset("LB4Q50010:LB4Q50ABQ", header=make_header(DETECTOR="NUV"))
    make_dataset("LB4Q51010:LB4Q51ABQ", header=make_header(DETECTOR="NEW"))
    assert uses_of("nuv.fits", "cos")[0].gaps == (
        "Some datasets are new, and are not sorted by their parameters yet.",
    )
    assert follow()
    keep()
    assert kept(Pointer.LATEST) == without_types(by_header(OLD))
    assert uses_of("nuv.fits", "cos")[0].count == 4


def test_a_corrected_header_leaves_no_old_answer() -> None:
    keep()
    row = Dataset.objects.get(exposure="LB4Q91ABQ")
    row.header, row.mode = make_header(), None
    row.save()
    assert kept(Pointer.LATEST) == without_types(by_header(OLD)) - {
        (row.dataset_id, "fuv.fits"),
        (row.dataset_id, "brf.fits"),
    }  # Its old answers are no longer given, and its new ones are not there yet.
    keep()
    assert kept(Pointer.LATEST) == without_types(by_header(OLD))
    assert not BestReference.objects.filter(dataset=row).exists()


def test_the_page_of_a_reference_shows_how_many_datasets_use_it(client: Client) -> None:
    add_file(io.BytesIO(b"x"), name="nuv.fits", user="tester", instrument="cos", filekind="deadtab")
    keep()
    page = client.get("/browse/nuv.fits").content.decode()
    assert "3 datasets of this server's archive use it" in page
    lines = client.get("/datasets_with/nuv.fits/latest.csv").getvalue().decode().splitlines()
    assert lines == [
        "dataset,start",
        "LB4Q04010:LB4Q04ABQ,2009-12-31T23:59:59.999999",
        "LB4Q05010:LB4Q05ABQ,2010-01-01T00:00:00",
        "LB4Q06010:LB4Q06ABQ,2010-01-01T00:00:01",
    ]
    assert client.get("/datasets_with/nuv.fits/edit.csv").getvalue().decode().splitlines() == lines[:1]
    assert client.get("/datasets_with/nuv.fits/build.csv").status_code == 404


def test_the_list_of_datasets_is_refused_before_the_first_answers(client: Client) -> None:
    answer = client.get("/datasets_with/nuv.fits/latest.csv")
    assert (answer.status_code, answer.content) == (409, b"No answers were worked out yet.\n")


def test_edit_lists_the_answers_asked_by_header_if_it_is_latest() -> None:
    set_context(pointer="edit", context=OLD, user="tester", reason="Why not.", is_overridden=True)
    keep()
    assert kept(Pointer.EDIT) == kept(Pointer.LATEST) == without_types(by_header(OLD))


def test_answers_for_modes_of_older_parkeys_are_missing() -> None:
    keep()
    cover_parkeys("cos", ["DEADCORR"])
    list(sort_into_modes("cos"))
    latest, edit = uses_of("nuv.fits", "cos")
    gap = "3 combinations of parameters are new, and their answers are not worked out yet."
    assert (latest.count, latest.gaps) == (0, (gap,))
    assert edit.gaps[0] == gap
    keep()
    assert (uses_of("nuv.fits", "cos")[0].count, uses_of("nuv.fits", "cos")[0].gaps) == (3, ())


def test_an_instrument_that_was_sorted_and_not_answered_has_a_gap() -> None:
    keep()
    cover_parkeys("fgs", ["DETECTOR"])
    make_dataset("F4Q50010:F4Q50ABQ", instrument="fgs", header=make_header(INSTRUME="FGS"))
    list(sort_into_modes("fgs"))
    assert uses_of("fgs.fits", "fgs")[0].gaps[0].startswith("One combination of parameters is new")


def test_answers_asked_by_header_under_another_context_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    keep()
    move(NEW)
    with monkeypatch.context() as patch:
        patch.setattr("apps.bestrefs.pipeline._keep_datasets", lambda *_: 0)  # It was not reached yet.
        keep()
    [use] = uses_of("brf.fits", "cos")
    gap = "Some datasets must be asked by their header, and were not asked under this context yet."
    assert (use.context, use.gaps) == (NEW, (gap,))
    assert kept(Pointer.LATEST) == without_types(by_header(NEW), odd=False)
    keep()
    assert uses_of("brf.fits", "cos")[0].gaps == ()
    monkeypatch.setattr("apps.bestrefs.pipeline.CHECKED", 0)
    gap = "Many datasets must be asked by their header. It was not checked whether all of them were."
    assert uses_of("brf.fits", "cos")[0].gaps == (gap,)


def test_a_context_that_became_unreadable_leaves_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    keep()

    def get(_name: str) -> Context:
        raise NotFoundError("It is not held.")

    monkeypatch.setattr("apps.bestrefs.pipeline.contexts.get_context", get)
    latest, _edit = uses_of("nuv.fits", "cos")
    assert latest.count == 3
    assert latest.gaps == (f"{OLD} cannot be read now, so it is not known whether datasets are left out.",)


def test_rules_without_a_planned_type_are_current_when_all_were_asked_by_header(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Context, "timelines", lambda _self, _instrument, types: dict.fromkeys(types))
    keep()
    assert is_current()
    assert not follow()
    latest, _edit = uses_of("nuv.fits", "cos")
    assert (latest.context, latest.count, latest.gaps) == (OLD, 3, ())
    assert latest.kept_at is not None
    assert client.get("/datasets_with/nuv.fits/latest.csv").status_code == 200


def test_an_instrument_whose_first_dataset_arrives_later_is_left_to_the_next_job(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Dataset.objects.filter(instrument="cos").delete()

    def sort(instrument: str, names: Iterable[str]) -> None:
        _sort(instrument, names)
        make_dataset("LB4Q01010:LB4Q01ABQ")

    with monkeypatch.context() as patch:
        patch.setattr("apps.bestrefs.pipeline._sort", sort)
        keep()
    assert not is_current()
    keep()
    assert kept(Pointer.LATEST) == without_types(by_header(OLD))


def test_a_context_that_cannot_be_read_hinders_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def get(name: str) -> Context:
        if name == NEW:
            raise NotFoundError("hst_cos_0002.imap is not held.")
        return get_context(name)

    with monkeypatch.context() as patch:
        patch.setattr("apps.bestrefs.pipeline.contexts.get_context", get)
        assert follow()
        keep()
        assert is_current()
    latest, edit = uses_of("nuv.fits", "cos")
    assert (latest.context, latest.count) == (OLD, 3)
    assert (edit.context, edit.gaps) == ("", ("No answers were worked out yet.",))
    move(NEW)
    Job.objects.all().delete()
    monkeypatch.setattr("apps.bestrefs.pipeline.contexts.get_context", get)
    assert not follow()
    [use] = uses_of("nuv.fits", "cos")
    assert use.gaps == (f"Latest is {NEW} now; its answers are not worked out yet.",)


def test_counting_stops_at_its_limit() -> None:
    keep()
    latest, _edit = uses_of("brf.fits", "cos", at_most=2)
    assert (latest.count, latest.is_more) == (2, True)
    latest, _edit = uses_of("brf.fits", "cos", at_most=None)
    assert (latest.count, latest.is_more) == (len(list(datasets_with("brf.fits", Pointer.LATEST))), False)


def test_a_worker_that_lost_its_job_stores_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(_job: Job) -> None:
        raise LostClaimError

    monkeypatch.setattr("apps.bestrefs.pipeline.require_claim", lost)
    with pytest.raises(LostClaimError):
        keep(Job())
    assert not ModeTimeline.objects.exists()


def test_work_continues_behind_the_parts_that_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.bestrefs.pipeline.AT_ONCE", 1)
    real, calls = jobs.require_claim, []

    def die_later(_job: Job) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise LostClaimError

    monkeypatch.setattr("apps.bestrefs.pipeline.require_claim", die_later)
    with pytest.raises(LostClaimError):
        keep(Job())
    before = set(ModeTimeline.objects.values_list("pk", flat=True))
    assert before
    monkeypatch.setattr("apps.bestrefs.pipeline.require_claim", real)
    keep()
    assert before < set(ModeTimeline.objects.values_list("pk", flat=True))
    assert kept(Pointer.LATEST) == without_types(by_header(OLD))
