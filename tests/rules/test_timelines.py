"""A timeline gives the same answer as the lookup of one header, before, at and after each of its steps."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.rules.dates import format_date
from apps.rules.errors import CrdsError
from apps.rules.lookup.context import Context
from apps.rules.lookup.timelines import BEGINNING, AnswerTimeline, Interval, differences
from apps.rules.observatories import get_observatory
from tests.factories.headers import make_headers
from tests.factories.made_rules import types_of
from tests.rules.factories import make_context, make_header
from tests.rules.oracle import load_context, mapping_text, observatory_of
from tests.shared_data import is_real

CONTEXTS = (
    "hst_0016.pmap",
    "hst_0300.pmap",
    "hst_0729.pmap",
    "jwst_0250.pmap",
    "jwst_0541.pmap",
    "roman_0006.pmap",
)
MODES = 12  # of each instrument
TICK = timedelta(microseconds=1)

moments = st.integers(0, 20).map(lambda day: f"2010-01-{day + 1:02d} 00:00:00")
answers = st.sampled_from(["a.fits", "b.fits", "NOT FOUND n/a", None])
timelines = st.builds(
    lambda first, later: AnswerTimeline.of([(BEGINNING, first), *sorted(later.items())]),
    answers,
    st.dictionaries(moments, answers, max_size=6),
)


def around(timeline: AnswerTimeline) -> Iterator[str]:
    """Yield moments before, at and after each step."""
    yield "1991-03-04 05:06:07"
    for start in timeline.starts[1:]:
        at = datetime.fromisoformat(start)
        yield from (str(at - TICK), str(at), str(at + TICK))


def dated(mode: dict[str, str], keys: tuple[str, ...], moment: str) -> dict[str, str]:
    return {**mode, **dict(zip(keys, moment.split(" ") if len(keys) > 1 else [moment], strict=True))}


def modes_of(name: str) -> Iterator[dict[str, str]]:
    observatory = get_observatory(observatory_of(name))
    texts = {each: mapping_text(each) for each in load_context(name).mapping_names()}
    for header in make_headers(texts, observatory, count=MODES, seed="timelines"):
        yield {
            key.upper(): str(value)
            for key, value in header.items()
            if key.upper() not in observatory.useafter_keys
        }


def require_equal(context: Context, mode: dict[str, str]) -> tuple[int, set[str]]:
    """Compare timelines with lookups; return how many answers were compared and the types without a plan."""
    definition = context.definition
    instrument = mode[definition.instrument_key].lower()
    rules = context.timelines(instrument, _types(context, instrument))
    asked: dict[str, dict[str, str]] = {}
    count = 0
    for reftype, planned in rules.items():
        timeline = planned.of(mode) if planned else AnswerTimeline.constant(None)
        for moment in around(timeline) if planned else ():
            if moment not in asked:
                asked[moment] = context.best_references(dated(mode, definition.useafter_keys, moment))
            assert timeline.at(format_date(moment)) == asked[moment].get(reftype), (reftype, moment, mode)
            count += 1
    return count, {reftype for reftype, planned in rules.items() if planned is None}


def without_timelines(observatory: str) -> set[str]:
    """Return the types whose rules have something other than dates below a Match."""
    if is_real():
        return {"datalvl"}
    kinds = ("closest", "bracket", "nearest", "version", "version after", "after match", "undated")
    return types_of(observatory, kinds)


def _types(context: Context, instrument: str) -> list[str]:
    return list(context.reftypes(instrument))


@pytest.mark.shared_data
@pytest.mark.parametrize("name", CONTEXTS if is_real() else [*CONTEXTS[::2], "tobs_0003.pmap"])
def test_timelines_are_the_answers_of_single_lookups(name: str) -> None:
    context = load_context(name)
    count, unplanned = 0, set()
    for mode in modes_of(name):
        compared, without = require_equal(context, mode)
        count += compared
        unplanned |= without
    assert count > 100
    assert unplanned <= without_timelines(context.definition.name)


@given(old=timelines, new=timelines)
def test_differences_hold_exactly_where_the_answers_differ(old: AnswerTimeline, new: AnswerTimeline) -> None:
    found = differences(old, new)
    for moment in ("1991-03-04 05:06:07", *old.starts[1:], *new.starts[1:], "2030-01-01 00:00:00"):
        inside = [each for each in found if each.start <= moment and (each.end is None or moment < each.end)]
        expected = [] if old.at(moment) == new.at(moment) else [(old.at(moment), new.at(moment))]
        assert [(each.was, each.is_now) for each in inside] == expected


@given(timelines)
def test_neighbouring_steps_have_different_answers(timeline: AnswerTimeline) -> None:
    assert timeline.starts[0] == BEGINNING
    assert list(timeline.starts) == sorted(set(timeline.starts))
    assert all(one != two for one, two in pairwise(timeline.answers))


def test_intervals_with_the_same_answers_are_one() -> None:
    new = AnswerTimeline(("", "2010-01-01 00:00:00", "2011-01-01 00:00:00"), ("b.fits", "c.fits", "b.fits"))
    old = AnswerTimeline.constant("a.fits")
    assert differences(old, AnswerTimeline.constant("b.fits")) == (Interval("", None, "a.fits", "b.fits"),)
    assert len(differences(old, new)) == 3


def test_a_type_that_the_context_does_not_have_is_left_out_at_all_times() -> None:
    planned = make_context().timelines("stis", ["none", "darkfile"])
    mode = {key: value for key, value in make_header().items() if key not in ("DATE-OBS", "TIME-OBS")}
    assert planned["none"] is not None
    assert planned["none"].of(mode) == AnswerTimeline.constant(None)
    assert planned["darkfile"] is not None
    assert planned["darkfile"].of(mode).at("2000-01-01 00:00:00") == "a1.fits"


def test_an_instrument_without_rules_is_refused() -> None:
    with pytest.raises(CrdsError, match="Unknown instrument 'nicmos'"):
        make_context().timelines("nicmos", ["darkfile"])
