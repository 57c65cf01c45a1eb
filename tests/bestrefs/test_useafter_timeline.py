from apps.bestrefs.useafter_timeline import MOST, WIDTH, timeline_of
from apps.rules.lookup.lookup_record import DateTrace


def trace(rows: list[tuple[str, str]], *, observed: str, chosen: str | None) -> DateTrace:
    reference = dict(rows).get(chosen or "")
    return DateTrace(observed, chosen, reference, rows[0][0], rows[-1][0], len(rows), tuple(rows))


def test_bars_follow_each_other_and_the_chosen_one_holds_the_exposure() -> None:
    rows = [("2001-01-01 00:00:00", "a"), ("2003-01-01 00:00:00", "b"), ("2005-01-01 00:00:00", "c")]
    timeline = timeline_of(trace(rows, observed="2004-01-01 00:00:00", chosen=rows[1][0]))
    assert timeline is not None
    assert [bar.is_chosen for bar in timeline.bars] == [False, True, False]
    first, second, third = timeline.bars
    assert first.left + first.width == second.left
    assert second.left < timeline.observed < third.left
    assert third.left + third.width <= WIDTH + 0.1
    assert [year for _place, year in timeline.ticks] == ["2001", "2002", "2003", "2004", "2005"]


def test_a_first_date_long_ago_takes_no_room() -> None:
    rows = [("1900-01-01 00:00:00", "a"), ("2020-01-01 00:00:00", "b"), ("2021-01-01 00:00:00", "c")]
    timeline = timeline_of(trace(rows, observed="2021-06-01 00:00:00", chosen=rows[2][0]))
    assert timeline is not None
    assert timeline.bars[0].width < WIDTH / 4


def test_of_many_dates_those_around_the_chosen_one_are_drawn() -> None:
    rows = [(f"{year}-01-01 00:00:00", f"r{year}") for year in range(1800, 2000)]
    timeline = timeline_of(trace(rows, observed="1990-06-01 00:00:00", chosen="1990-01-01 00:00:00"))
    assert timeline is not None
    assert (len(timeline.bars), timeline.left_out) == (MOST, 200 - MOST)
    assert sum(bar.is_chosen for bar in timeline.bars) == 1


def test_an_exposure_before_all_dates_is_marked_before_them() -> None:
    rows = [("2001-01-01 00:00:00", "a")]
    timeline = timeline_of(trace(rows, observed="1999-01-01 00:00:00", chosen=None))
    assert timeline is not None
    assert 0 <= timeline.observed < timeline.bars[0].left


def test_odd_dates_are_not_drawn() -> None:
    assert timeline_of(trace([("soon", "a")], observed="2001-01-01 00:00:00", chosen=None)) is None
    assert (
        timeline_of(trace([("0001-01-01", "a")], observed="2001-01-01 00:00:00", chosen="0001-01-01")) is None
    )
    assert timeline_of(DateTrace("2001-01-01 00:00:00", None, None, None, None, 0)) is None
