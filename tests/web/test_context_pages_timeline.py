"""The timeline of references: lanes, bars, groups, and the changes that edit would bring."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from django.test import Client

from apps.rules.lookup.rules_as_rows import USEAFTER, Key, Listing, RuleRow
from apps.web.context_pages.time_axis import Axis
from apps.web.context_pages.timeline import BARS, LANES, Timeline, find_timeline
from tests.factories.contexts import make_change
from tests.web.test_context_pages import CASES, make_flats

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = (Key("FILTER", ("FILTER",), "Match"), Key(USEAFTER, ("DATE-OBS", "TIME-OBS"), "UseAfter"))


def make_listing(*rows: tuple[str, str, str]) -> Listing:
    return Listing(KEYS, tuple(RuleRow((case, date), (name,)) for case, date, name in rows))


LISTING = make_listing(
    ("A", "1990-01-01 00:00:00", "a1.fits"),
    ("A", "2016-01-01 00:00:00", "a2.fits"),
    ("A", "2021-01-01 00:00:00", "a3.fits"),
    ("B", "1990-01-01 00:00:00", "b1.fits"),
)


def timeline(listing: Listing = LISTING, other: Listing | None = None, **sent: str) -> Timeline:
    found = find_timeline(listing, other, sent, now=NOW, other_name="jwst_0002.pmap")
    assert found
    return found


def test_a_lane_has_a_bar_for_each_reference_until_the_next_applies() -> None:
    lanes = timeline().lanes
    assert [lane.label for lane in lanes] == ["FILTER A", "FILTER B"]
    assert [bar.title for bar in lanes[0].bars] == [
        "a1.fits from 1990-01-01 00:00:00 until 2016-01-01 00:00:00",
        "a2.fits from 2016-01-01 00:00:00 until 2021-01-01 00:00:00",
        "a3.fits from 2021-01-01 00:00:00",
    ]
    assert [bar.address for bar in lanes[1].bars] == ["/browse/b1.fits"]


def test_bars_follow_each_other_and_neighbours_differ_in_colour() -> None:
    bars = timeline().lanes[0].bars
    edges = [(float(bar.left.rstrip("%")), float(bar.width.rstrip("%"))) for bar in bars]
    assert edges[0][0] == 0
    for (left, width), (after, _) in pairwise(edges):
        assert after == pytest.approx(left + width, abs=0.02)
    assert sum(width for _, width in edges) == pytest.approx(100, abs=0.05)
    assert len({bar.look for bar in bars}) == 3


def test_the_picture_begins_shortly_before_the_first_change() -> None:
    found = timeline()
    assert "2015-01-01" < found.start < "2016-01-01"
    assert found.end == "2026-01-02"


def test_dates_that_mean_never_or_nothing_are_not_drawn() -> None:
    rows = [
        ("A", "9999-12-31 23:59:59", "never.fits"),
        ("A", "nonsense", "odd.fits"),
        ("A", "2020-01-01 00:00:00", "a.fits"),
    ]
    assert [bar.title for bar in timeline(make_listing(*rows)).lanes[0].bars] == [
        "a.fits from 2020-01-01 00:00:00"
    ]
    assert find_timeline(make_listing(("A", "nonsense", "odd.fits")), None, {}, now=NOW) is None


def test_rules_without_dates_have_no_picture() -> None:
    listing = Listing(KEYS[:1], (RuleRow(("A",), ("a.fits",)),))
    assert find_timeline(listing, None, {}, now=NOW) is None


def test_very_many_changes_are_joined_and_link_to_a_shorter_time() -> None:
    rows = [
        ("A", f"20{year:02}-{month:02}-{day:02} 00:00:00", f"a{year}{month}{day}.fits")
        for year in range(10, 25)
        for month in range(1, 13)
        for day in range(1, 28, 3)
    ]
    listing = make_listing(*rows)
    found = timeline(listing)
    assert len(found.lanes[0].bars) <= BARS
    several = next(bar for bar in found.lanes[0].bars if bar.look == "several")
    assert "changes from" in several.title
    assert several.address.startswith("?since=20")
    assert timeline(listing, sort="filter").lanes[0].bars[0].address.startswith("?sort=filter&since=20")
    closer = timeline(listing, since="2015-01-01", until="2015-03-01")
    assert (closer.start, closer.end) == ("2015-01-01", "2015-03-01")
    assert {bar.look for bar in closer.lanes[0].bars} - {"several"}
    assert closer.zoomed_out


@pytest.mark.parametrize(
    "sent",
    [
        {"since": "nonsense"},
        {"since": "2020-01-01", "until": "2019-01-01"},
        {"lanes": "-1"},
        {"lanes": "9" * 99},
        {"lanes": "²"},
    ],
)
def test_a_strange_address_shows_the_whole_time(sent: dict[str, str]) -> None:
    assert timeline(**sent).end == "2026-01-02"


def test_lanes_come_in_pages() -> None:
    listing = make_listing(
        *((f"F{number:03}", "2020-01-01 00:00:00", "a.fits") for number in range(LANES + 5))
    )
    first, second = timeline(listing), timeline(listing, lanes="2")
    assert (len(first.lanes), len(second.lanes)) == (LANES, 5)
    assert first.next == "?lanes=2#timeline"
    assert (
        timeline(listing, search="F0", since="2019-01-01").next
        == "?search=F0&since=2019-01-01&lanes=2#timeline"
    )
    assert not first.previous
    assert second.previous == "?lanes=1#timeline"
    assert not second.next


def test_lanes_that_another_context_changes_come_first() -> None:
    other = make_listing(
        ("A", "1990-01-01 00:00:00", "a1.fits"),
        ("A", "2016-01-01 00:00:00", "a2.fits"),
        ("A", "2021-01-01 00:00:00", "a3.fits"),
        ("B", "1990-01-01 00:00:00", "b1.fits"),
        ("B", "2022-01-01 00:00:00", "b2.fits"),
        ("C", "2022-01-01 00:00:00", "c1.fits"),
    )
    found = timeline(other=other)
    assert [(lane.label, lane.change) for lane in found.lanes] == [
        ("FILTER B", "changed"),
        ("FILTER C", "new"),
        ("FILTER A", ""),
    ]
    assert [bar.title for bar in found.lanes[0].other][1] == "b2.fits from 2022-01-01 00:00:00"
    assert (found.changed, found.count, found.other) == (2, 3, "jwst_0002.pmap")
    taken = timeline(other, LISTING)
    assert [lane.change for lane in taken.lanes] == ["changed", "taken away", ""]


def test_rules_by_other_parameters_are_not_compared() -> None:
    other = Listing((Key("BAND", ("BAND",), "Match"), KEYS[1]), LISTING.rows[:1])
    assert timeline(other=other).changed == 0


def test_parameters_that_are_the_same_in_all_lanes_are_left_out() -> None:
    keys = (Key("DETECTOR", ("DETECTOR",), "Match"), *KEYS)
    rows = [RuleRow(("CCD", case, "2020-01-01 00:00:00"), ("a.fits",)) for case in ("A", "N/A")]
    assert [lane.label for lane in timeline(Listing(keys, tuple(rows))).lanes] == ["FILTER A", "all others"]


@pytest.mark.parametrize(
    ("start", "end", "first"),
    [
        ("1995-06-01", "2025-01-01", "2000"),
        ("2020-01-15", "2021-01-15", "2020-02"),
        ("2020-01-01", "2020-01-20", "01-02"),
    ],
)
def test_ticks_stand_at_round_moments(start: str, end: str, first: str) -> None:
    ticks = Axis(datetime.fromisoformat(start), datetime.fromisoformat(end)).ticks()
    assert ticks[0].text == first
    assert 3 <= len(ticks) <= 14


@pytest.mark.django_db
def test_the_page_of_a_type_draws_it_and_shows_what_edit_changes(client: Client) -> None:
    make_flats()
    later = {
        case: {**dates, "2025-01-01 00:00:00": "jwst_miri_flat_0009.fits"} for case, dates in CASES.items()
    }
    edit = make_flats("jwst_0002.pmap", cases=later, rmap="jwst_miri_flat_0002.rmap")
    make_change(edit, pointer="edit")
    page = client.get("/context_table/jwst_0001.pmap/miri/flat/").content.decode()
    assert 'id="timeline"' in page
    assert "2 of 2 lanes differ under" in page
    assert "jwst_0002.pmap: jwst_miri_flat_0009.fits from 2025-01-01" in page
    assert "style=" not in page


@pytest.mark.django_db
def test_an_edit_context_that_cannot_be_read_hides_nothing_else(client: Client) -> None:
    make_flats()
    make_change("jwst_0404.pmap", pointer="edit")
    answer: Any = client.get("/context_table/jwst_0001.pmap/miri/flat/")
    assert answer.status_code == 200
    assert "lanes differ" not in answer.content.decode()


def test_a_picture_leads_closer_wider_earlier_and_later_within_the_whole_time() -> None:
    whole = timeline()
    assert [title for title, _ in whole.views] == ["Closer", "Earlier", "Later"]
    query = dict(whole.views)["Closer"].removeprefix("?").removesuffix("#timeline")
    sent = dict(part.split("=") for part in query.split("&"))
    closer = timeline(**sent)
    assert whole.start < closer.start < closer.end < whole.end
    assert [title for title, _ in closer.views] == ["Closer", "Wider", "Earlier", "Later"]
    assert "Closer" not in dict(timeline(since="2020-01-01", until="2020-01-02").views)
