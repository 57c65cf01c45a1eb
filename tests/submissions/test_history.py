"""Submission history: its readers, its filters, its pages, and the record of each submission."""

import html
import json
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from apps.submissions.models import Submission
from apps.submissions.pages.history import HistoryForm, matching_submissions, record
from apps.submissions.states import Kind, Status
from tests.factories.accounts import logged_in, make_user, post
from tests.factories.submissions import REFERENCE, RMAP, make_listing_submission, make_submission

pytestmark = pytest.mark.django_db

PATH = "/submission_history/"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
LABELS = [
    "Created Date", "Published Date", "Deliverer", "Other Email", "Instrument", "File Type",
    "UseAfter Matches", "Compliance Verified", "Ingest Files", "ETC Delivery", "JWST ETC", "CalPipe Version",
    "Replacement Files", "Old Reference Files", "Replacing Bad Files", "JIRA Issue", "ReDCaT JIRA Issue",
    "Table Rows Changed", "Modes Affected", "Correctness Testing", "Additional Considerations",
    "Change Level", "Description", "Status",
]  # fmt: skip
ANSWERS = {
    "deliverer": "Homer Simpson",
    "file_type": "dark",
    "ingest_files": True,
    "etc_delivery": False,
    "jira_issue": "",
    "table_rows_changed": "1\n2",
    "history_updated": True,
}


@pytest.fixture
def browser() -> Client:
    return logged_in()


def text(browser: Client, path: str = PATH, **query: str) -> str:
    answer = browser.get(path, query)
    assert answer.status_code == 200
    return answer.content.decode()


def detail(submission: Submission) -> str:
    return f"{PATH}{submission.key}/"


def found(**query: str) -> list[str]:
    form = HistoryForm(query)
    assert form.is_valid(), form.errors
    return [submission.description for submission in matching_submissions(form)]


def test_only_submitters_see_it(client: Client, browser: Client) -> None:
    paths = [PATH, detail(make_submission())]
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/login/?next=")
        assert browser.get(path).status_code == 200
        assert browser.get(path.rstrip("/")).status_code == 200
    stranger = make_user("moe")
    stranger.grants.all().delete()
    client.force_login(stranger)
    assert [client.get(path).status_code for path in paths] == [403, 403]


def test_a_row_leads_to_record_and_result(browser: Client) -> None:
    submission = make_submission(Kind.EXTENDED, answers=ANSWERS, started_at=NOON, status=Status.FORCED)
    page = text(browser)
    assert f'href="{PATH}{submission.key}/"' in page
    assert "(Click to view detail)" in page
    assert f'href="/display_result/{submission.key}"' in page
    cells = re.findall(r"<td[^>]*>([^<]+)</td>", page)
    assert cells == [
        "2026-01-31 12:00:00",
        "Homer Simpson",
        "miri",
        "Extended Batch Reference Submit",
        "New darks",
    ]
    assert '<span class="badge good">Forced</span>' in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["late", "early"]),
        ({"instrument": "fgs"}, ["late"]),
        ({"instrument": "*", "status": "failed"}, ["early"]),
        ({"instrument": "fgs", "status": "failed"}, []),
        ({"start_date": "2026-02-01"}, ["late"]),
        ({"start_date": "2026-01-31 12:00:00", "stop_date": "2026-01-31 12:00:00"}, ["early"]),
        ({"stop_date": "2026-01-31"}, ["early"]),
        ({"stop_date": "2026-01-31 11:59:59"}, []),
    ],
)
def test_each_filter_narrows_down(query: dict[str, str], expected: list[str]) -> None:
    make_submission(status=Status.FAILED, started_at=NOON + timedelta(milliseconds=999), description="early")
    make_submission(instrument="fgs", started_at=NOON + timedelta(hours=12), description="late")
    assert found(**query) == expected


def test_filters_come_back_closed_and_are_open_before(browser: Client) -> None:
    make_submission()
    assert "<details open>" in text(browser)
    page = text(browser, status="confirmed", start_date="2026-01-31")
    assert "<details>" in page
    assert '<option value="confirmed" selected>' in page
    assert 'value="2026-01-31"' in page
    assert "No submission matches these filters." in text(browser, status="failed")


def test_a_bad_date_is_told_beside_its_field(browser: Client) -> None:
    page = html.unescape(text(browser, stop_date="2026-02-30", instrument="nosuch"))
    assert "id=\"filter_stop_date_error\">'2026-02-30' is not a date;" in page
    assert '<div id="error_message" role="alert" tabindex="-1" autofocus>Instrument: ' in page
    assert "<details open>" in page
    assert 'value="2026-02-30"' in page


def test_pages_of_fifty_are_linked_with_their_filters(browser: Client) -> None:
    for number in range(51):
        make_submission(started_at=NOON + timedelta(seconds=number))
    first = html.unescape(text(browser, instrument="miri"))
    assert "Showing 1 to 50 of 51 entries" in first
    assert re.search(r'href="\?instrument=miri&(?:[^"]*&)?page=2">Next', first)
    second = text(browser, instrument="miri", page="2")
    assert "Showing 51 to 51 of 51 entries" in second
    assert "2026-01-31 12:00:00" in second


def test_the_list_is_sorted_and_searched_by_who_delivered(browser: Client) -> None:
    make_submission(Kind.EXTENDED, answers={"deliverer": "Zelda"}, description="by hand")
    make_submission(Kind.EXTENDED, answers={"deliverer": ""}, description="nameless", user="homer")
    make_submission(description="<i>batch</i>", user="lisa")
    page = text(browser, sort="-deliverer")
    assert page.index("<td>Zelda") < page.index("<td>lisa") < page.index("<td>homer")
    page = text(browser, search="zel", status="*")
    assert "by hand" in page
    assert "nameless" not in page
    assert "&lt;i&gt;batch" in text(browser, search="<i>")


def test_the_list_is_exported_with_its_filters(browser: Client) -> None:
    make_submission(description="=1+1", started_at=NOON, user="bart")
    make_submission(status=Status.FAILED)
    answer = browser.get(PATH, {"status": "confirmed", "format": "csv"})
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert lines[0].startswith("key,created,deliverer,instrument,kind,status,description,result")
    assert lines[1].split(",")[1:7] == [
        "2026-01-31T12:00:00Z", "bart", "miri", "Batch Reference Submit", "Confirmed", "'=1+1",
    ]  # fmt: skip
    assert len(lines) == 2
    answer = browser.get(PATH, headers={"Accept": "application/json"})
    assert len(json.loads(b"".join(answer.streaming_content))["rows"]) == 2  # type: ignore[attr-defined]


def test_rows_take_no_queries_of_their_own(
    browser: Client, django_assert_num_queries: Callable[..., Any]
) -> None:
    for _ in range(60):
        make_submission()
    # Session, account and grants; then the number of submissions, and those of the page.
    with django_assert_num_queries(5):
        text(browser)


def test_a_post_of_the_same_fields_needs_its_token(browser: Client) -> None:
    make_submission()
    assert browser.post(PATH, {"status": "failed"}).status_code == 403
    assert b"No submission matches these filters." in post(browser, PATH, status="failed").content


def test_the_record_of_an_extended_submission_has_all_rows(browser: Client) -> None:
    submission = make_submission(
        Kind.EXTENDED,
        answers=ANSWERS,
        started_at=NOON,
        ended_at=NOON + timedelta(days=1),
        other_email="marge@example.org",
        new_context="jwst_0002.pmap",
    )
    rows = dict(record(submission))
    assert [label for label, _ in record(submission)] == LABELS
    assert rows["Created Date"] == "2026-01-31 12:00:00"
    assert rows["Published Date"] == "2026-02-01 12:00:00"
    assert rows["Deliverer"] == "Homer Simpson"
    assert (rows["Ingest Files"], rows["ETC Delivery"], rows["JIRA Issue"]) == ("Yes", "No", "none")
    assert (rows["Change Level"], rows["Status"]) == ("Severe", "Confirmed")
    page = text(browser, detail(submission))
    assert "<td>1<br>2</td>" in page
    assert "marge@example.org" in page
    assert f'href="/display_result/{submission.key}"' in page
    assert 'href="/browse/jwst_0002.pmap"' in page


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind != Kind.EXTENDED])
def test_the_record_of_other_kinds_has_fewer_rows(kind: str, browser: Client) -> None:
    submission = make_submission(kind, status=Status.FAILED, instrument="")
    rows = dict(record(submission))
    assert list(rows) == [label for label in LABELS if label in {*LABELS[:3], "Instrument", *LABELS[-3:]}]
    assert (rows["Deliverer"], rows["Instrument"], rows["Published Date"]) == ("homer", "none", "N/A")
    text(browser, detail(submission))


def test_files_lead_to_their_pages_once_they_have_some(browser: Client) -> None:
    submission = make_listing_submission()
    page = text(browser, detail(submission))
    assert f'<a href="/browse/{REFERENCE}">' in page
    assert f"<li>{RMAP}</li>" in page
    Submission.objects.filter(pk=submission.pk).update(status=Status.CONFIRMED, ended_at=NOON)
    assert f'<li><a href="/browse/{RMAP}">{RMAP}</a></li>' in text(browser, detail(submission))


def test_an_unknown_record_is_not_found(browser: Client) -> None:
    assert browser.get(f"{PATH}{uuid.uuid4()}/").status_code == 404
    assert browser.get(f"{PATH}abc/").status_code == 404
    assert browser.get(f"/display_result/{uuid.uuid4()}").status_code == 404


def test_hostile_answers_are_text(browser: Client) -> None:
    bad = "<script>alert(1)</script>"
    answers = dict.fromkeys(ANSWERS, bad)
    submission = make_submission(Kind.EXTENDED, answers=answers, other_email=bad, description=bad, user=bad)
    pages = text(browser, detail(submission)) + text(browser, instrument=bad, start_date=bad) + text(browser)
    assert "<script>alert" not in pages
