"""The impact of a delivery before it is confirmed, against the search after the rules are in use."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.catalog.models import File
from apps.catalog.reading import load_text
from apps.contexts.queries import find_pointed
from apps.jobs.models import Job
from apps.jobs.operations import abort_job
from apps.jobs.pipeline import execute
from apps.reprocessing.models import RulesImpact, Transition
from apps.reprocessing.operations import search
from apps.submissions import staging
from apps.submissions.models import Submission, SubmittedFile
from apps.submissions.states import Origin
from apps.web.impact_pages import operations, pipeline, product_count, queries
from apps.web.impact_pages.queries import impact_between, impact_of
from apps.web.templatetags.moves import move_summary
from tests.factories.accounts import make_user
from tests.factories.datasets import make_dataset, make_header
from tests.factories.reprocessing import (
    BRFTAB,
    DEADTAB,
    NEW,
    NEW_DEADTAB,
    OLD,
    make_exposures,
    move,
    publish,
    work,
)
from tests.factories.submissions import make_submission

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def hubble(settings: Any) -> None:
    settings.OBSERVATORY = "hst"


def make_ready(cases: Mapping[str, Mapping[str, str]]) -> Submission:
    """Return a ready submission with new rules for deadtab, and exposures sorted by an earlier search."""
    publish(1, {"deadtab": DEADTAB, "brftab": BRFTAB})
    publish(2, {"deadtab": cases}, kept={"brftab": "hst_cos_brftab_0001.rmap"})
    publish(3, {"deadtab": DEADTAB}, kept={"brftab": "hst_cos_brftab_0001.rmap"})
    make_exposures()
    move(OLD)
    search(OLD, "hst_0003.pmap", user="tester")
    work()
    text = load_text(File.objects.get(name="hst_cos_deadtab_0002.rmap"))
    submission = make_submission(status="ready", ready_at=timezone.now(), instrument="cos", base=OLD)
    rmap = SubmittedFile.objects.create(
        submission=submission,
        origin=Origin.GENERATED,
        name="hst_cos_deadtab_0001.rmap",
        official_name="hst_cos_deadtab_0002.rmap",
        derived_from="hst_cos_deadtab_0001.rmap",
        instrument="cos",
        filekind="deadtab",
    )
    staging.write(staging.official_path(rmap), text.encode())
    staging.record(rmap)
    return submission


def test_the_impact_is_that_of_the_search_after_the_rules_are_in_use() -> None:
    found = impact_of(make_ready(NEW_DEADTAB))
    move(NEW)
    work()
    row = Transition.objects.get(old=OLD, new=NEW)
    assert found.products == row.affected_count == 1
    assert {each.reftype: each.exposures for each in found.types} == row.counts["cos"]
    assert (found.compared, found.left_out) == (4, 0)
    assert found.types[0].samples == [
        ("LB4Q02010:LB4Q02ABQ", "fuv.fits", "fuv_2010.fits"),
        ("LB4Q02010:LB4Q02ACQ", "fuv.fits", "fuv_2010.fits"),
    ]
    assert found.types[0].years == {"2010": 2}


def test_answers_that_would_fail_are_counted_apart() -> None:
    (impact,) = impact_of(make_ready({"FUV": {"2010-01-01 00:00:00": "late.fits"}})).types
    assert (impact.exposures, impact.errors) == (2, 2)


def test_exposures_that_are_not_sorted_yet_are_said_to_be_left_out() -> None:
    submission = make_ready(NEW_DEADTAB)
    make_dataset("LB4Q09010:LB4Q09ABQ", header=make_header())
    found = impact_of(submission)
    assert (found.compared, found.left_out) == (4, 1)


def test_products_of_all_blocks_are_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each block has one mode here, and no product stays in memory."""
    submission = make_ready(NEW_DEADTAB)
    expected = impact_of(submission)
    monkeypatch.setattr(product_count, "AT_ONCE", 1)
    monkeypatch.setattr(queries, "MODES_AT_ONCE", 1)
    assert impact_of(submission) == expected


def test_the_database_counts_products_that_do_not_fit_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(product_count, "AT_ONCE", 3)
    for _again in range(2):  # The second count finds no products of the first one.
        count = product_count.ProductCount()
        for start in range(0, 20, 2):
            count.add(f"L{number}" for number in range(start, start + 4))
        assert count.total() == 22


def test_a_count_that_failed_leaves_nothing_to_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(product_count, "AT_ONCE", 1)
    product_count.ProductCount().add(["L1", "L2"])
    count = product_count.ProductCount()
    count.add(["L3"])
    assert count.total() == 1


def test_a_few_products_need_no_table() -> None:
    with CaptureQueriesContext(connection) as done:
        count = product_count.ProductCount()
        count.add(["L1", "L1", "L2"])
        assert count.total() == 2
    assert not done.captured_queries


def do_jobs() -> None:
    for job in Job.objects.filter(kind="impact", status="queued"):
        execute(job.pk)


def test_a_worker_computes_it_and_the_page_says_where_it_stands(client: Client) -> None:
    submission = make_ready(NEW_DEADTAB)
    make_dataset(
        "LB4Q09010:LB4Q09ABQ", header=make_header(), observed_at=datetime(2010, 5, 6, 12, tzinfo=UTC)
    )
    client.force_login(make_user("homer"))
    address = f"/impact/{submission.key}/"
    assert "It is not worked out yet." in client.get(address).text
    assert "are not worked out yet" in client.get(submission.get_absolute_url()).text
    client.post(f"{address}work_out/")
    assert "A worker is on it" in client.get(address).text
    assert 'id="error_message"' in client.post(f"{address}work_out/").text
    do_jobs()
    page = client.get(address).text
    for text in ("cos deadtab", "3 exposures would get another reference", "2010", "fuv_2010.fits", "<svg"):
        assert text in page
    result = client.get(submission.get_absolute_url()).text
    assert "2 products would be affected among 5 exposures." in result
    assert address in result


def test_beat_asks_once_for_each_ready_submission() -> None:
    submission = make_ready(NEW_DEADTAB)
    assert (operations.ask_about_ready_submissions(), operations.ask_about_ready_submissions()) == (1, 0)
    do_jobs()
    assert RulesImpact.objects.get().status == "complete"
    assert RulesImpact.objects.get().submission == submission.key


def test_an_impact_that_cannot_be_computed_says_why(client: Client) -> None:
    submission = make_submission(status="ready", ready_at=timezone.now(), base="hst_0099.pmap")
    operations.ask_about_submission(submission)
    do_jobs()
    client.force_login(make_user("homer"))
    assert "hst_0099.pmap" in client.get(f"/impact/{submission.key}/").text


def test_a_job_that_was_aborted_leaves_no_impact_that_waits_forever() -> None:
    operations.ask_about_submission(make_ready(NEW_DEADTAB))
    abort_job(Job.objects.get(kind="impact"))
    pipeline.follow_jobs()
    assert RulesImpact.objects.get().status == "failed"


def test_only_submitters_see_it(client: Client) -> None:
    submission = make_ready(NEW_DEADTAB)
    assert client.get(f"/impact/{submission.key}/").status_code == 302
    client.force_login(make_user("homer"))
    assert client.get("/impact/00000000-0000-0000-0000-000000000000/").status_code == 404


def test_a_move_of_a_context_has_the_impact_that_the_search_finds() -> None:
    make_ready(NEW_DEADTAB)
    found = impact_between(OLD, NEW)
    row = search(OLD, NEW, user="tester")
    work()
    row.refresh_from_db()
    assert {each.reftype: each.exposures for each in found.types} == row.counts["cos"] == {"deadtab": 2}
    assert (found.products, found.compared, found.left_out) == (row.affected_count, 4, 0)


def test_set_context_shows_the_impact_and_moves_nothing(client: Client) -> None:
    make_ready(NEW_DEADTAB)
    client.force_login(make_user("homer", role="operator"))
    sent = {"context_type": "latest", "pmap_mode": "pmap_text", "pmap_text": NEW, "impact": "1"}
    answer = client.post("/set_context/", sent)
    assert (answer.status_code, answer["Location"]) == (302, f"/impact/{OLD}/{NEW}/")
    assert find_pointed("latest") == OLD
    page = client.get(answer["Location"]).text
    for text in ("cos deadtab", "2 exposures would get another reference", "fuv_2010.fits"):
        assert text in page
    assert client.post("/set_context/", sent | {"pmap_text": OLD}).status_code == 200


def test_a_large_archive_is_left_to_a_worker(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    make_ready(NEW_DEADTAB)
    monkeypatch.setattr("apps.web.impact_pages.queries.MOST_WORK", 3)
    client.force_login(make_user("homer", role="operator"))
    address = f"/impact/{OLD}/{NEW}/"
    page = client.get(address).text
    assert "the archive is large" in page
    assert "would get another reference" not in page
    client.post(f"{address}work_out/")
    do_jobs()
    assert "2 exposures would get another reference" in client.get(address).text
    assert 'id="error_message"' in client.get(f"/impact/{OLD}/hst_0099.pmap/").text
    assert 'id="error_message"' in client.post(f"/impact/{OLD}/hst_0099.pmap/work_out/").text


def test_a_preview_does_not_take_what_was_not_compared_for_unaffected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_ready(NEW_DEADTAB)
    shown = move_summary(OLD, NEW)
    assert [(each.reftype, number) for each, number in shown["lines"]] == [("deadtab", 2)]
    nothing = replace(impact_between(OLD, NEW), compared=0, left_out=4)
    monkeypatch.setattr("apps.web.templatetags.moves.impact_between", lambda old, new: nothing)
    shown = move_summary(OLD, NEW)
    assert shown["impact"] is None
    assert [number for _, number in shown["lines"]] == [None]
