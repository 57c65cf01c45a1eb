import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.http import HttpResponseBase, StreamingHttpResponse
from django.template.loader import render_to_string
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from apps.catalog.models import File
from apps.core.tables import CellPart, Column, Picks, Table, exported


@dataclass(frozen=True)
class Row:
    name: str
    size: int | None = None
    at: datetime = datetime(2026, 1, 31, 9, 5, tzinfo=UTC)


COLUMNS = (
    Column("name", "Name", lambda row: row.name, sort="name", search="name__icontains"),
    Column("size", "Bytes", lambda row: row.size, sort="size", look="number", missing="N/A"),
    Column("at", "At", lambda row: row.at),
)
ROWS = [Row("b.fits", 20), Row("A.fits", 3), Row("c.fits")]


def make_table(rows: Any = ROWS, **sent: str) -> Table:
    return Table(COLUMNS, rows, sent, label="Sample files", order="name")


def names(table: Table) -> list[str]:
    return [row.name for row in table.page]


def body(answer: HttpResponseBase | None) -> str:
    assert isinstance(answer, StreamingHttpResponse)
    return b"".join(answer).decode()  # type: ignore[arg-type]


def test_rows_are_sorted_as_the_table_says_unless_the_address_does() -> None:
    assert names(make_table()) == ["A.fits", "b.fits", "c.fits"]
    assert names(make_table(sort="-name")) == ["c.fits", "b.fits", "A.fits"]


def test_missing_values_come_before_all_others() -> None:
    assert names(make_table(sort="size")) == ["c.fits", "A.fits", "b.fits"]


@pytest.mark.parametrize("sort", ["at", "password", "--name", "-", "name__x", "\0"])
def test_what_cannot_be_sorted_by_is_left_out(sort: str) -> None:
    assert names(make_table(sort=sort)) == ["A.fits", "b.fits", "c.fits"]


def test_a_search_finds_text_in_the_columns_that_are_searched() -> None:
    assert names(make_table(search="B.F")) == ["b.fits"]
    assert names(make_table(search="20")) == []
    assert names(make_table(search="FITS  b")) == ["b.fits"]


def test_pages_have_the_rows_between_them() -> None:
    rows = [Row(f"{number:03}.fits") for number in range(120)]
    first, last = make_table(rows, show="50"), make_table(rows, show="50", page="3")

    assert len(first.page) == 50
    assert first.previous == ""
    assert first.next == "?show=50&page=2"
    assert names(last) == [f"{number:03}.fits" for number in range(100, 120)]
    assert last.next == ""
    assert len(make_table(rows, show="all").page) == 120


@pytest.mark.parametrize("page", ["0", "-1", "99", "x", ""])
def test_a_page_that_there_is_not_is_the_nearest_one(page: str) -> None:
    assert names(make_table(page=page)) == ["A.fits", "b.fits", "c.fits"]


def test_a_head_leads_to_the_other_order_and_keeps_the_filters() -> None:
    table = Table(COLUMNS, ROWS, {"sort": "name", "search": "f"}, kept={"state": "bad"})

    assert [head.order for head in table.heads] == ["ascending", "", ""]
    assert table.heads[0].address == "?state=bad&sort=-name&search=f"
    assert table.heads[2].address == ""


def test_tables_of_one_page_keep_out_of_each_others_way() -> None:
    table = Table(COLUMNS, ROWS, {"old_sort": "-name", "sort": "size", "search": "zzz"}, prefix="old_")

    assert names(table) == ["c.fits", "b.fits", "A.fits"]
    assert table.heads[0].address == "?old_sort=name"


def test_a_page_prints_values_and_no_markup() -> None:
    text = render_to_string("parts/_table.html", {"table": make_table([Row("<b>x</b>.fits")])})

    assert "&lt;b&gt;x&lt;/b&gt;.fits" in text
    assert "N/A" in text
    assert "2026-01-31 09:05:00" in text
    assert 'aria-sort="ascending"' in text


def export(
    rows: Any = ROWS, *, headers: Mapping[str, str] | None = None, **sent: str
) -> HttpResponseBase | None:
    request = RequestFactory().get("/", sent, headers=headers)
    return exported(request, make_table(rows, **sent))


def test_csv_has_all_rows_of_all_pages() -> None:
    rows = [Row(f"{number:03}.fits", number) for number in range(120)]

    lines = list(csv.reader(io.StringIO(body(export(rows, format="csv", show="50")))))

    assert lines[0] == ["name", "size", "at"]
    assert lines[1] == ["000.fits", "0", "2026-01-31T09:05:00Z"]
    assert len(lines) == 121


def test_json_has_what_was_searched_for() -> None:
    found = json.loads(body(export(format="json", search="c")))

    assert found == {"columns": ["name", "size", "at"], "rows": [["c.fits", None, "2026-01-31T09:05:00Z"]]}


def test_programs_may_ask_by_what_they_accept() -> None:
    answer = export(headers={"Accept": "application/json"})

    assert answer is not None
    assert answer["Content-Type"] == "application/json"
    assert answer["Content-Disposition"] == 'attachment; filename="sample_files.json"'
    assert export(headers={"Accept": "text/html,*/*;q=0.8"}) is None
    assert export(headers={"Accept": "*/*"}) is None


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1"])
def test_no_spreadsheet_runs_a_text(text: str) -> None:
    [_, line] = csv.reader(io.StringIO(body(export([Row(text)], format="csv"))))

    assert line[0] == f"'{text}"


@given(st.dictionaries(st.sampled_from(["sort", "search", "show", "page", "format"]), st.text(max_size=20)))
def test_no_address_is_an_error(sent: dict[str, str]) -> None:
    table = Table(COLUMNS, ROWS, sent)

    assert len(list(table.cells)) == len(table.page)
    assert len(table.exports) == 2


@pytest.mark.django_db
def test_rows_of_the_database_are_searched_sorted_and_paged_by_it() -> None:
    for number in range(60):
        File.objects.create(
            name=f"jwst_miri_flat_{number:04}.fits", kind="reference", observatory="jwst", size=number
        )
    columns = (
        Column("name", "Name", lambda row: row.name, sort="name", search="name__icontains"),
        Column("size", "Bytes", lambda row: row.size, sort="size"),
    )
    sent = {"search": "FLAT_00", "sort": "-size", "show": "50", "page": "2"}

    table = Table(columns, File.objects.all(), sent)

    assert [row.size for row in table.page] == list(range(9, -1, -1))
    assert table.page.paginator.count == 60


def test_rows_can_be_ticked_and_sent_together() -> None:
    picks = Picks("/compare/", lambda row: row.name if row.size else "")
    table = Table(COLUMNS, ROWS, {}, order="name", picks=picks)
    page = render_to_string("parts/_table.html", {"table": table})
    assert '<form class="picks" method="get" action="/compare/">' in page
    assert page.count('name="file"') == 2
    assert 'value="b.fits" aria-label="Compare b.fits"' in page
    assert "checkbox" not in render_to_string("parts/_table.html", {"table": make_table()})


def test_the_pieces_of_a_cell_lead_to_several_places_and_fold_away() -> None:
    parts = Column(
        "why",
        "Why",
        lambda row: row.name,
        parts=lambda row: (CellPart("from <b> "), CellPart(row.name, f"/browse/{row.name}")),
        heading=lambda row: "2 files" if row.size else "",
    )
    page = render_to_string("parts/_table.html", {"table": Table([parts], ROWS, {})})
    assert page.count('from &lt;b&gt; <a href="/browse/b.fits">b.fits</a>') == 1
    assert 0 < page.count("<details><summary>2 files</summary>") < len(ROWS)


def test_the_links_of_a_table_in_a_panel_leave_it_open() -> None:
    table = Table(COLUMNS, ROWS, {}, anchor="past")
    assert table.with_page(2) == "?page=2#past"
    assert 'action="#past"' in render_to_string("parts/_table.html", {"table": table})


@pytest.mark.django_db
def test_the_pages_of_a_search_stop_where_the_exports_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.core.tables.table.MOST_FOUND", 60)
    for number in range(61):
        File.objects.create(name=f"jwst_miri_flat_{number:04}.fits", kind="reference", observatory="jwst")
    sent = {"search": "flat", "show": "50", "page": "2"}

    def table(rows: Any) -> Table:
        return Table(COLUMNS[:1], rows, sent, order="name", is_wide=True)

    cut, whole = table(File.objects.all()), table(File.objects.exclude(name__endswith="60.fits"))
    assert names(cut) == names(whole) == [f"jwst_miri_flat_{number:04}.fits" for number in range(50, 60)]
    assert (cut.is_cut, whole.is_cut) == (True, False)
    page = render_to_string("parts/_table.html", {"table": cut})
    assert "51 to 60 of more than 60 entries" in page
    assert page.count("format=csv") == 2
    assert "more than" not in render_to_string("parts/_table.html", {"table": whole})
    assert cut.found.count() == 61  # type: ignore[call-arg]


@pytest.mark.django_db
@pytest.mark.parametrize(("text", "found"), [("EVER", 1), ("trivial", 0), ("nothing", 0), ("fits", 1)])
def test_a_search_of_a_column_of_few_values_finds_a_part_of_one(text: str, found: int) -> None:
    File.objects.create(name="jwst_miri_flat_0001.fits", kind="reference", observatory="jwst")
    columns = (
        *COLUMNS[:1],
        Column(
            "change_level",
            "Change level",
            lambda row: row.change_level,
            search="change_level__icontains",
            choices=lambda: ["severe", "trivial"],
        ),
    )
    assert len(Table(columns, File.objects.all(), {"search": text}, order="name").page) == found


def test_the_markup_of_a_cell_escapes_all_that_rows_give() -> None:
    bad = '"><script>'
    column = Column(
        "name",
        "Name",
        lambda row: row.name,
        address=lambda row: f"/{bad}",
        badge=lambda row: bad,
        look="code",
    )
    picks = Picks("/compare/", lambda row: bad)
    page = render_to_string("parts/_table.html", {"table": Table([column], [Row(bad)], {}, picks=picks)})
    assert "<script>" not in page
    assert page.count("&quot;&gt;&lt;script&gt;") == 5


def test_a_page_of_all_rows_is_capped_and_says_where_all_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.core.tables.table.MOST", 3)
    columns = (Column("n", "N", lambda row: str(row)),)
    assert Table(columns, range(4), {"show": "all"}).is_capped
    assert not Table(columns, range(3), {"show": "all"}).is_capped
    assert not Table(columns, range(4), {}).is_capped
