"""The pages of the transitions."""

import json
import sys
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.catalog.models import AuditRecord
from apps.datasets.operations import cover_parkeys
from apps.datasets.pipeline import sort_into_modes
from apps.jobs.models import Job
from apps.mails.models import Mail
from apps.reprocessing import operations, parquet_file, queries
from apps.reprocessing.models import Transition
from tests.factories.accounts import make_user
from tests.factories.datasets import make_dataset, make_header
from tests.factories.reprocessing import NEW, OLD, affected_ids, make_transition, move, publish_both, work

pytestmark = pytest.mark.django_db

PAGE = f"/reprocessing/{OLD}/{NEW}/"


def make_failed_transition() -> Transition:
    row = make_transition()
    Transition.objects.update(status="failed", reason="Internal error, incident job-1.")
    Job.objects.all().delete()
    return row


def exported_rows(client: Client) -> list[list[Any]]:
    answer = client.get("/reprocessing/?format=json")
    rows: list[list[Any]] = json.loads(answer.getvalue())["rows"]
    return rows


def test_the_list_leads_to_each_transition(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    make_transition()
    with django_assert_max_num_queries(8):
        page = client.get("/reprocessing/").content.decode()
    assert f'<a href="{PAGE}">{NEW}</a>' in page
    assert "complete" in page
    assert client.get("/reprocessing").status_code == 200
    assert exported_rows(client)[0][:2] == [NEW, OLD]
    assert client.get("/reprocessing/?sort=-status&search=0002&page=x").status_code == 200
    assert client.post("/reprocessing/").status_code in (403, 405)


def test_a_server_without_moves_says_so(client: Client) -> None:
    assert "The latest context has not changed yet" in client.get("/reprocessing/").content.decode()


def test_a_complete_transition_shows_counts_ids_and_log(client: Client) -> None:
    make_transition()
    page = client.get(PAGE).content.decode()
    for text in ("lb4q02010", "<td>deadtab</td>", "1 products are affected", "datasets affected"):
        assert text in page
    assert client.get(PAGE.rstrip("/")).status_code == 200


def test_the_ids_come_as_text_and_as_json(client: Client) -> None:
    make_transition()
    assert client.get(f"{PAGE}ids.txt").getvalue() == b"lb4q02010\n"
    assert json.loads(client.get(f"{PAGE}ids.json").getvalue())["affected_ids"] == ["lb4q02010"]
    assert client.get(f"{PAGE}?format=csv").getvalue() == b"id\r\nlb4q02010\r\n"


def test_a_transition_without_result_never_looks_like_an_empty_one(client: Client) -> None:
    publish_both()
    move(NEW)
    assert "it was not noticed yet" in client.get(PAGE).content.decode()
    operations.notice_changes()
    page = client.get(PAGE).content.decode()
    assert "There is no list: pending" in page
    assert "0 products" not in page
    assert client.get(f"{PAGE}ids.txt").status_code == 409
    assert client.get(f"{PAGE}ids.json").status_code == 409
    assert exported_rows(client)[0][4] is None


def test_the_key_of_the_channel_is_nowhere(client: Client) -> None:
    publish_both()
    move(NEW)
    operations.notice_changes()
    row = Transition.objects.get()
    assert Job.objects.get(subject_id=row.pk).channel_id not in client.get(PAGE).content.decode()


def test_markup_in_a_reason_stays_text(client: Client) -> None:
    make_transition()
    Transition.objects.update(status="failed", reason="<script>alert(1)</script>")
    page = client.get(PAGE).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize(
    "path",
    [
        "hst_0001.pmap/hst_0009.pmap/",
        "hst_0002.pmap/hst_0001.pmap/ids.txt",
        "<script>/x/",
        "..%2f..%2fetc/passwd/ids.json",
        "%00/%00/",
        "é/x",
    ],
)
def test_steps_that_never_were_are_missing_in_the_frame(client: Client, path: str) -> None:
    make_transition()
    answer = client.get(f"/reprocessing/{path}")
    assert answer.status_code == 404
    assert "<script>/x" not in answer.content.decode()


def test_an_operator_searches_again_from_the_page_of_a_failed_search(client: Client) -> None:
    row = make_failed_transition()
    assert "Search again" not in client.get(PAGE).content.decode()
    client.force_login(make_user(role="operator"))
    page = client.get(PAGE).content.decode()
    assert f'<form method="post" action="{PAGE}search/">' in page
    assert client.post(f"{PAGE}search/").url == PAGE  # type: ignore[attr-defined]
    row.refresh_from_db()
    assert (row.status, row.reason) == ("pending", "")
    job = Job.objects.get(subject_id=row.pk)
    record = AuditRecord.objects.get(action="find affected datasets")
    assert job.user == record.user
    assert record.details == f"{OLD} --> {NEW}"
    assert "Search again" not in client.get(PAGE).content.decode(), "it is under way"
    answer = client.post(f"{PAGE}search/")
    assert "is pending and cannot become pending. Wait until it ends." in answer.content.decode()
    assert Job.objects.count() == 1


def test_nobody_else_searches_again(client: Client) -> None:
    make_failed_transition()
    assert client.post(f"{PAGE}search/").status_code == 401
    client.force_login(make_user(role="submitter"))
    assert client.post(f"{PAGE}search/").status_code == 403
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_user("marge", role="operator"))
    assert strict.post(f"{PAGE}search/").status_code == 403
    assert strict.get(f"{PAGE}search/").status_code == 405
    assert not Job.objects.exists()


def test_each_affected_exposure_comes_as_csv(client: Client) -> None:
    make_transition()
    answer = client.get(f"{PAGE}exposures.csv")
    assert answer.getvalue().decode().splitlines() == [
        "dataset,type,old,new",
        "LB4Q02010:LB4Q02ABQ,deadtab,fuv.fits,fuv_2010.fits",
        "LB4Q02010:LB4Q02ACQ,deadtab,fuv.fits,fuv_2010.fits",
    ]


def test_each_affected_exposure_comes_as_json(client: Client) -> None:
    make_transition()
    found = json.loads(client.get(f"{PAGE}exposures.json").getvalue())
    assert found["columns"] == ["dataset", "type", "old", "new"]
    assert found["rows"][0] == ["LB4Q02010:LB4Q02ABQ", "deadtab", "fuv.fits", "fuv_2010.fits"]
    assert len(found["rows"]) == 2


@pytest.mark.needs("pyarrow")
def test_each_affected_exposure_comes_as_parquet(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyarrow import parquet

    monkeypatch.setattr("apps.reprocessing.parquet_file.ROWS_IN_GROUP", 1)
    make_transition()
    assert "exposures.parquet" in client.get(PAGE).text
    with parquet_file._writing:
        busy = client.get(f"{PAGE}exposures.parquet")
        assert (busy.status_code, busy["Retry-After"]) == (503, "60")
    file = parquet.ParquetFile(BytesIO(client.get(f"{PAGE}exposures.parquet").getvalue()))
    assert file.num_row_groups == 2
    rows = [tuple(row.values()) for row in file.read().to_pylist()]
    lines = client.get(f"{PAGE}exposures.csv").getvalue().decode().splitlines()
    assert [",".join(row) for row in rows] == lines[1:]


def test_without_pyarrow_a_text_says_so_and_no_link_leads_there(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_transition()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setattr("apps.reprocessing.parquet_file.is_available", lambda: False)
    assert "exposures.parquet" not in client.get(PAGE).text
    answer = client.get(f"{PAGE}exposures.parquet")
    assert (answer.status_code, answer["Content-Type"]) == (501, "text/plain; charset=utf-8")
    assert "pip install" in answer.text


def test_no_export_without_a_result(client: Client) -> None:
    publish_both()
    move(NEW)
    for kind in ("csv", "json", "parquet"):
        assert client.get(f"{PAGE}exposures.{kind}").status_code == 409


def test_an_exposure_without_a_mode_is_listed_too(client: Client) -> None:
    publish_both()
    make_dataset("LB4Q06010:LB4Q06ABQ", header=make_header(DATE_OBS="06/05/10"))
    move(NEW)
    work()
    lines = client.get(f"{PAGE}exposures.csv").getvalue().decode().splitlines()
    assert lines[1:] == ["LB4Q06010:LB4Q06ABQ,deadtab,fuv.fits,fuv_2010.fits"]


def test_the_exposures_stay_listed_after_a_new_parkey_came_into_use(client: Client) -> None:
    make_transition()
    before = client.get(f"{PAGE}exposures.csv").getvalue()
    cover_parkeys("cos", ["DETECTOR", "A_NEW_PARKEY"])
    assert max(sort_into_modes("cos")) > 1
    assert before.count(b"fuv_2010.fits") == 2
    assert client.get(f"{PAGE}exposures.csv").getvalue() == before


def test_exposures_without_a_result_are_no_empty_list(client: Client) -> None:
    publish_both()
    move(NEW)
    assert client.get(f"{PAGE}exposures.csv").status_code == 409
    assert client.get("/reprocessing/hst_0007.pmap/hst_0008.pmap/exposures.csv").status_code == 404


def test_an_operator_compares_any_two_contexts(client: Client) -> None:
    make_transition()
    client.force_login(make_user("operator", role="operator"))
    answer = client.post("/reprocessing/compare/", {"old": NEW, "new": OLD})
    assert answer.headers["Location"] == f"/reprocessing/{NEW}/{OLD}/"
    assert "it waits for a worker" in client.get(answer.headers["Location"]).text
    work()
    row = Transition.objects.get(change=None)
    assert (row.status, affected_ids(row)) == ("complete", ["lb4q02010"])
    assert "1 products are affected" in client.get(answer.headers["Location"]).text
    assert queries.get_complete(NEW, OLD) == row
    assert not Mail.objects.filter(subject__contains=f"{NEW} --> {OLD}").exists()


def test_a_comparison_of_names_with_nul_is_refused(client: Client) -> None:
    client.force_login(make_user("operator", role="operator"))
    answer = client.post("/reprocessing/compare/", {"old": "a\0.pmap", "new": NEW})
    assert answer.status_code == 200
    assert 'id="error_message"' in answer.text


def test_a_comparison_with_an_unknown_context_keeps_what_was_typed(client: Client) -> None:
    client.force_login(make_user("operator", role="operator"))
    page = client.post("/reprocessing/compare/", {"old": "hst_0007.pmap", "new": "<b>"}).text
    assert 'id="error_message"' in page
    assert "hst_0007.pmap" in page
    assert "<b>" not in page


@pytest.mark.parametrize("role", [None, "submitter"])
def test_only_operators_compare(client: Client, role: str | None) -> None:
    if role:
        client.force_login(make_user("someone", role=role))
    answer = client.post("/reprocessing/compare/", {"old": OLD, "new": NEW})
    assert answer.status_code in (401, 403)
    assert not Transition.objects.exists()
