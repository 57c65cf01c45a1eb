"""Lists of contexts, their charts, and the comparison of two ticked rows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from apps.contexts.models import ContextChange
from apps.web.context_pages.activity_bars import find_chart
from tests.factories.catalog import make_file
from tests.factories.contexts import make_change

pytestmark = pytest.mark.django_db

HISTORY, ALL, BUILDS = "/display_context_history/", "/display_all_contexts/", "/display_build_contexts/"
COMPARE = "/display_context_history/compare/"
START = datetime(2016, 1, 1, tzinfo=UTC)


def make_latest_contexts(count: int = 3) -> None:
    for number in range(1, count + 1):
        make_change(f"jwst_{number:04}.pmap", started_at=START + timedelta(days=30 * number))


def table(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode().partition("<tbody>")[2].partition("</tbody>")[0]


@pytest.mark.parametrize("path", [HISTORY, ALL, BUILDS])
@pytest.mark.parametrize("slash", ["", "/"])
def test_an_empty_site_has_empty_lists(client: Client, path: str, slash: str) -> None:
    answer = client.get(path.rstrip("/") + slash)
    assert answer.status_code == 200
    assert b'class="empty"' in answer.content


def test_the_history_is_newest_first_and_only_its_first_row_is_latest(client: Client) -> None:
    make_latest_contexts()
    make_change("jwst_0009.pmap", pointer="edit")
    rows = table(client, HISTORY)
    assert [rows.index(f">jwst_000{number}.pmap</a>") for number in (3, 2, 1)] == sorted(
        rows.index(f">jwst_000{number}.pmap</a>") for number in (1, 2, 3)
    )
    assert rows.count(">latest</span>") == 1
    assert rows.count(">archived</span>") == 2
    assert "jwst_0009" not in rows
    assert '<td class="moment">2016-03-31</td>' in rows
    assert 'href="/context_table/jwst_0003.pmap"' in rows


def test_a_reversion_is_a_row_of_its_own(client: Client) -> None:
    make_latest_contexts(2)
    make_change("jwst_0001.pmap", started_at=START + timedelta(days=300))
    assert table(client, HISTORY).count(">jwst_0001.pmap</a>") == 2


def test_all_contexts_are_in_the_order_of_their_serials_whatever_their_dates(client: Client) -> None:
    for number in (2, 10, 1):
        make_file(f"jwst_{number:04}.pmap", delivered_at=START, description=f"Number {number}.")
    make_file("jwst_0011.pmap", state="uploaded")
    make_file("jwst_miri_0001.imap", instrument="miri")
    rows = table(client, ALL)
    found = [rows.index(f">jwst_{number:04}.pmap</a>") for number in (10, 2, 1)]
    assert found == sorted(found)
    assert "Number 10." in rows
    assert "jwst_0011" not in rows
    assert "imap" not in rows


def test_all_contexts_show_their_pointers_and_whether_they_are_bad(client: Client) -> None:
    make_file("jwst_0001.pmap", state="archived", blacklisted=True)
    make_change("jwst_0001.pmap", pointer="edit")
    assert "archived, edit, bad" in table(client, ALL)


def test_a_context_without_a_description_shows_the_reason_to_make_it_latest(client: Client) -> None:
    make_file("jwst_0001.pmap")
    make_change("jwst_0001.pmap")
    assert "Because." in table(client, ALL)


def test_build_contexts_are_sorted_by_version_and_the_last_change_counts(client: Client) -> None:
    for place, (version, context) in enumerate([("1.9.0", 1), ("1.10.0", 2), ("1.9.0", 3), ("dev<b>", 4)]):
        make_change(
            f"jwst_{context:04}.pmap",
            pointer="build",
            calibration_version=version,
            started_at=START + timedelta(days=place),
        )
    rows = table(client, BUILDS)
    assert [rows.index(text) for text in (">1.10.0<", ">1.9.0<", ">dev&lt;b&gt;<")] == sorted(
        rows.index(text) for text in (">1.10.0<", ">1.9.0<", ">dev&lt;b&gt;<")
    )
    assert "jwst_0003.pmap" in rows
    assert "jwst_0001.pmap" not in rows
    assert 'href="https://github.com/spacetelescope/jwst/releases/tag/1.10.0"' in rows


def test_lists_are_searched_paged_and_exported(client: Client) -> None:
    make_latest_contexts()
    assert ">jwst_0001.pmap</a>" not in table(client, f"{HISTORY}?search=0002")
    exported: Any = client.get(f"{HISTORY}?format=csv&sort=start_date")
    lines = exported.getvalue().decode().splitlines()
    assert lines[0] == "start_date,context,status,description,before"
    assert lines[1] == "2016-01-31T00:00:00Z,jwst_0001.pmap,archived,Because.,"
    assert client.get(f"{HISTORY}?page=99&sort=nonsense&show=%00").status_code == 200


@pytest.mark.parametrize("path", [HISTORY, ALL, BUILDS])
def test_a_list_takes_the_same_few_queries_however_long_it_is(
    client: Client, path: str, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    changes = [
        ContextChange(pointer="latest", context=f"jwst_{number:04}.pmap", started_at=START, user="t")
        for number in range(300)
    ]
    ContextChange.objects.bulk_create(changes)
    for number in range(30):
        make_file(f"jwst_{number:04}.pmap")
    with django_assert_max_num_queries(8):
        assert client.get(path).status_code == 200


def test_two_ticked_contexts_are_compared_the_older_first(client: Client) -> None:
    answer = client.get(f"{COMPARE}?file=jwst_0010.pmap&file=jwst_0009.pmap")
    assert answer.status_code == 303
    assert answer["Location"] == "/difference/?file1=jwst_0009.pmap&file2=jwst_0010.pmap"


def test_two_ticked_references_are_compared_in_the_order_of_delivery(client: Client) -> None:
    make_file("jwst_miri_dark_0002.fits", delivered_at=START)
    make_file("jwst_miri_dark_0001.fits", delivered_at=START + timedelta(days=1))
    answer = client.get(f"{COMPARE}?file=jwst_miri_dark_0001.fits&file=jwst_miri_dark_0002.fits")
    assert answer["Location"].endswith("?file1=jwst_miri_dark_0002.fits&file2=jwst_miri_dark_0001.fits")
    unknown = client.get(f"{COMPARE}?file=z.fits&file=jwst_miri_dark_0002.fits")
    assert unknown["Location"].endswith("?file1=z.fits&file2=jwst_miri_dark_0002.fits")


@pytest.mark.parametrize(
    ("ticked", "said"),
    [
        ([], "You ticked 0."),
        (["jwst_0001.pmap"], "You ticked 1."),
        (["jwst_0001.pmap", "jwst_0001.pmap"], "You ticked 1."),
        (["a.fits", "b.fits", "c.fits"], "You ticked 3."),
        (["../../etc/passwd", "<script>", "a.fits"], "You ticked 1."),
    ],
)
def test_any_other_number_of_ticked_rows_gets_a_message(client: Client, ticked: list[str], said: str) -> None:
    answer = client.get(COMPARE, {"file": ticked})
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert b"<script>" not in answer.content


def test_the_history_has_a_chart(client: Client) -> None:
    make_latest_contexts(5)
    page = client.get(HISTORY).content.decode()
    assert "Contexts that became latest" in page
    assert "<title>2016-01: 1 change</title>" in page


def test_contexts_that_share_the_moment_of_an_import_are_in_no_chart(client: Client) -> None:
    for number in range(25):
        make_file(f"jwst_{number:04}.pmap", delivered_at=START)
    assert "Contexts delivered" not in client.get(HISTORY).content.decode()


@pytest.mark.parametrize(
    ("years", "unit", "first"), [(2, "month", "2016-01"), (4, "quarter", "2016 Q1"), (30, "year", "2016")]
)
def test_a_chart_counts_by_month_quarter_or_year(years: int, unit: str, first: str) -> None:
    chart = find_chart("Things", [START, START, START.replace(year=2016 + years)], noun="thing")
    assert chart
    assert chart.unit == unit
    assert chart.columns[0].title == f"{first}: 2 things"
    assert chart.columns[0].left.startswith("0.")
    assert chart.highest == 2
    assert find_chart("Nothing", [], noun="thing") is None
