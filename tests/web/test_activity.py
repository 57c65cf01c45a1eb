"""Recent activity: visible records, filters, pages, and hostile records."""

import html
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from apps.catalog import audit
from apps.catalog.models import AuditRecord
from apps.core.tables import Cell, CellPart
from apps.web import activity
from apps.web.activity import ACTIONS, COLUMNS, ActivityForm, matching_records, without_addresses
from apps.web.activity_chart import draw
from tests.factories.accounts import post
from tests.factories.catalog import make_file

pytestmark = pytest.mark.django_db

PATH = "/recent_activity/"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)

# Makes ninety-nine more of each record, under other names.
CROWD = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99)
    INSERT INTO catalog_auditrecord (at, action, "user", filename, instrument, filekind, why, details)
    SELECT at, action, "user", 'jwst_' || i || '_' || id || '.pmap', '', '', '', ''
    FROM catalog_auditrecord, n
"""


def make_record(filename: str = "jwst_0001.pmap", action: str = "submit file", **fields: Any) -> AuditRecord:
    return AuditRecord.objects.create(**({"filename": filename, "action": action, "user": "homer"} | fields))


def text(client: Client, **query: str) -> str:
    answer = client.get(PATH, query)
    assert answer.status_code == 200
    return answer.content.decode()


def details(text: str) -> Cell:
    """Return the last cell of a record with these details."""
    return COLUMNS[-1].cell(AuditRecord(details=text))


def names(**query: str) -> list[str]:
    form = ActivityForm(query)
    assert form.is_valid(), form.errors
    return [record.filename for record in matching_records(form)]


def test_everybody_sees_contexts_first_newest_on_top(client: Client) -> None:
    make_record("jwst_0001.pmap", at=NOON)
    make_record("jwst_0002.pmap", at=NOON + timedelta(seconds=1))
    make_record("jwst_miri_dark_0001.fits")
    page = text(client)
    assert page.index('href="/browse/jwst_0002.pmap"') < page.index('href="/browse/jwst_0001.pmap"')
    assert "0001.fits" not in page
    assert "2026-01-31 12:00:01" in page
    assert '<option value=".pmap" selected>' in page
    assert "<details open>" in page
    assert 'id="error_message"' not in page


def test_filters_narrow_down_and_come_back_closed(client: Client) -> None:
    make_record("jwst_miri_dark_0001.fits", instrument="miri", filekind="dark")
    page = text(client, instrument="miri")
    assert "jwst_miri_dark_0001.fits" in page
    assert "<details>" in page
    assert "<details open>" not in page
    assert '<option value="miri" selected>' in page
    assert "No activity matches these filters." in text(client, instrument="fgs")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"extension": "*"}, ["new", "r", "p"]),
        ({"extension": ".rmap"}, ["r"]),
        ({"extension": ".r*h/.r*d"}, ["new"]),
        ({"filename": "jwst_miri*"}, ["r"]),
        ({"filename": "jwst_0001.pmap"}, ["p"]),
        ({"instrument": "miri"}, ["r"]),
        ({"reference_type": "dark"}, ["r"]),
        ({"action": "rename"}, ["new"]),
        ({"action": "rename", "instrument": "miri"}, []),
        ({"start_date": "2026-01-31 12:01"}, ["new"]),
        ({"start_date": "2026-01-31 12:00"}, ["new", "r", "p"]),
        ({"stop_date": "2026-01-31 11:59"}, []),
        ({"stop_date": "2026-01-31 12:00"}, ["r", "p"]),
        ({"stop_date": "2026-01-31"}, ["new", "r", "p"]),
    ],
)
def test_each_filter_narrows_down(query: dict[str, str], expected: list[str]) -> None:
    by_letter = {"p": "jwst_0001.pmap", "r": "jwst_miri_dark_0001.rmap", "new": "w3m1700tj.r4h"}
    make_record(by_letter["p"], at=NOON)
    make_record(by_letter["r"], at=NOON, instrument="miri", filekind="dark")
    make_record(by_letter["new"], "rename", at=NOON + timedelta(hours=1))
    assert names(**query) == [by_letter[letter] for letter in expected]


def test_acts_that_change_no_file_are_not_shown() -> None:
    make_record("", "create pipeline", details="secret-name")
    make_record("", "cancel submit")
    assert names(extension="*") == [""]
    assert "create pipeline" not in ACTIONS


def test_a_wrong_value_gets_a_message_beside_its_field(client: Client) -> None:
    page = html.unescape(text(client, filename="[", start_date="yesterday", instrument="nosuch"))
    assert page.count('class="error_message"') == 3
    assert "id=\"filter_start_date_error\">'yesterday' is not a date;" in page
    assert '<div id="error_message" role="alert" tabindex="-1" autofocus>Instrument: ' in page
    assert "<details open>" in page


def test_a_post_of_the_same_fields_needs_its_token(client: Client) -> None:
    make_record("jwst_miri_dark_0001.rmap")
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(PATH, {"extension": ".rmap"}).status_code == 403
    answer = post(strict, PATH, extension=".rmap")
    assert answer.status_code == 200
    assert b"jwst_miri_dark_0001.rmap" in answer.content
    assert client.delete(PATH).status_code == 405


def test_pages_are_linked_with_their_filters(client: Client) -> None:
    for number in range(51):
        make_record(f"jwst_{number:04}.pmap", at=NOON + timedelta(seconds=number))
    first = html.unescape(text(client, filename="jwst_*"))
    assert "Showing 1 to 50 of 51 entries" in first
    assert ">Previous<" not in first
    assert "filename=jwst_%2A" in first
    assert "&page=2" in first
    second = text(client, filename="jwst_*", page="2")
    assert "jwst_0000.pmap" in second
    assert ">Next<" not in second
    assert "jwst_0000.pmap" in text(client, filename="jwst_*", page="99")
    for page in ("\0", "-", "9" * 5000):
        assert "jwst_0050.pmap" in text(client, filename="jwst_*", page=page)


def test_the_list_of_a_delivery_is_collapsed_and_linked(client: Client) -> None:
    make_record(details="jwst_7.cat: jwst_0001.pmap, jwst_miri_dark_0001.fits and 3 more", why="New darks")
    page = text(client)
    assert "<summary>jwst_7.cat: 5 files</summary>" in page
    assert '<a href="/browse/jwst_miri_dark_0001.fits">jwst_miri_dark_0001.fits</a>' in page
    assert ">New darks</td>" in page


@pytest.mark.parametrize(
    ("written", "linked"),
    [
        ("a.fits --> jwst_miri_dark_0002.fits", ["/browse/jwst_miri_dark_0002.fits"]),
        (
            "edit context changed from 'jwst_0001.pmap' to 'jwst_0002.pmap'",
            ["/browse/jwst_0001.pmap", "/browse/jwst_0002.pmap", "/changes/jwst_0001.pmap/jwst_0002.pmap/"],
        ),
        (
            "submission 01234567-89ab-cdef-0123-456789abcdef of homer",
            ["/display_result/01234567-89ab-cdef-0123-456789abcdef"],
        ),
        ("delivered -> submitted", []),
        ("sha1sum " + "a" * 40 + ", 30 bytes", []),
    ],
)
def test_names_in_details_are_links_to_their_pages(written: str, linked: list[str]) -> None:
    shown = details(written)
    assert [part.address for part in shown.parts if part.address] == linked
    assert "".join(part.text for part in shown.parts).removesuffix(". What changed") == written
    assert shown.heading == ""


def test_addresses_of_people_are_never_shown(client: Client) -> None:
    make_record(
        why="Asked by marge@example.org",
        details="submission 7 of bart@пример.испытание, x",
        user="lisa@example.org",
    )
    page = text(client)
    assert "marge@..." in page
    assert "bart@..." in page
    assert "example" not in page.split("<table>")[1]
    assert "пример" not in page


def test_hostile_records_are_text(client: Client) -> None:
    bad = "<script>alert(1)</script>"
    make_record(why=bad, details=f"{bad}: a.fits, {bad}")
    page = text(client, filename='"><script>alert(1)</script>', action=bad) + text(client)
    assert "<script>alert" not in page


def test_long_hostile_details_are_read_at_once() -> None:
    before = timezone.now()
    for piece in ("a", "a.", "-->", "@", "a@", ": ", " and 1"):
        details(piece * 20_000)
    assert timezone.now() - before < timedelta(seconds=5)


def test_only_parts_with_text_are_kept() -> None:
    assert activity._parts("jwst_0001.pmap") == (CellPart("jwst_0001.pmap", "/browse/jwst_0001.pmap"),)
    assert details("").parts == ()
    assert without_addresses("@home a@b") == "@... a@..."


def test_a_full_page_takes_five_queries(
    client: Client, django_assert_num_queries: Callable[..., Any]
) -> None:
    listed = "jwst_7.cat: " + ", ".join(f"jwst_{number:04}.pmap" for number in range(50))
    AuditRecord.objects.bulk_create(
        AuditRecord(action="submit file", filename="jwst_0001.pmap", details=listed) for _ in range(60)
    )
    # Three queries for the table: the count, the keys and the rows. Two for the chart, which is drawn once
    # after a change.
    with django_assert_num_queries(5):
        client.get(PATH)
    with django_assert_num_queries(4):
        client.get(PATH)


def test_a_hundred_thousand_records_are_found_by_an_index() -> None:
    AuditRecord.objects.bulk_create(
        AuditRecord(action="rename", at=NOON + timedelta(seconds=number)) for number in range(1000)
    )
    with connection.cursor() as cursor:
        cursor.execute(CROWD)
        cursor.execute("ANALYZE catalog_auditrecord")
    for query, index in (({"extension": "*"}, "_at_"), ({"filename": "jwst_7_7.pmap"}, "_filenam")):
        form = ActivityForm(query)
        assert form.is_valid()
        rows = matching_records(form)[:50]
        assert re.search(rf"catalog_aud\w*{index}", plan := rows.explain()), plan


def test_it_is_sorted_searched_and_exported_with_its_filters(client: Client) -> None:
    make_record("jwst_0001.pmap", why="Asked by marge@example.org", at=NOON)
    make_record("jwst_0002.pmap", details="old darks", at=NOON + timedelta(seconds=1))
    page = text(client, filename="jwst_000*", sort="date")
    assert page.index("jwst_0001.pmap</a>") < page.index("jwst_0002.pmap</a>")
    assert "jwst_0001.pmap</a>" not in text(client, search="DARKS")
    answer = client.get(PATH, {"format": "json", "search": "asked"})
    (row,) = json.loads(b"".join(answer.streaming_content))["rows"]  # type: ignore[attr-defined]
    assert row == ["2026-01-31T12:00:00Z", "jwst_0001.pmap", "submit file", "Asked by marge@...", ""]


def test_deliveries_are_drawn_year_by_year(client: Client) -> None:
    assert "<svg class" not in text(client)
    for year, name in ((2024, "a.fits"), (2026, "b.fits"), (2026, "jwst_0001.pmap")):
        make_file(name, delivered_at=NOON.replace(year=year))
    audit.count_change()
    page = text(client)
    assert "<title>2024: 1 references, 0 mappings</title>" in page
    assert "<title>2025: 0 references, 0 mappings</title>" in page
    assert "<title>2026: 1 references, 1 mappings</title>" in page


def test_the_bars_of_a_chart_stand_on_its_base_and_stay_in_it() -> None:
    assert draw({}) is None
    chart = draw({1958: {"reference": 1}, 2024: {"reference": 1}, 2026: {"reference": 900, "mapping": 100}})
    assert chart is not None
    assert [year.year for year in chart.years] == list(range(1987, 2027))
    for year in chart.years:
        assert year.mappings_top + year.mappings_height == chart.base
        assert year.top + year.height == year.mappings_top
        assert year.top >= 0
        assert 0 <= year.left < year.left + year.width <= chart.width
    assert chart.years[-3].height == 1
