from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.datasets.errors import BadTimestampError
from apps.datasets.timestamps import find_observed_at, parse_moment
from apps.rules.observatories import get_observatory


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2016-01-01", datetime(2016, 1, 1, tzinfo=UTC)),
        ("2016-01-01 12:30:00", datetime(2016, 1, 1, 12, 30, tzinfo=UTC)),
        ("2016-01-01T12:30:00.25", None),
        ("2016-01-01T12:30:00Z", datetime(2016, 1, 1, 12, 30, tzinfo=UTC)),
        ("2016-01-01 12:30:00+00:00", datetime(2016, 1, 1, 12, 30, tzinfo=UTC)),
        ("2016-01-01 12:30:00 00:00", datetime(2016, 1, 1, 12, 30, tzinfo=UTC)),
        ("2016-01-01T12:30:00+05:30", datetime(2016, 1, 1, 7, tzinfo=UTC)),
        ("2016-01-01T12:30-01:00", datetime(2016, 1, 1, 13, 30, tzinfo=UTC)),
        ("2016-01-01T12:30:00.250000", datetime(2016, 1, 1, 12, 30, 0, 250000, tzinfo=UTC)),
    ],
)
def test_timestamps_of_the_wire_are_understood(text: str, expected: datetime | None) -> None:
    assert parse_moment(text) == (expected or datetime(2016, 1, 1, 12, 30, 0, 250000, tzinfo=UTC))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "auto",
        "2016",
        "2016-1-1",
        "2016-02-30",
        "2016-01-01 25:00:00",
        "20160101",
        "2016-W01-1",
        "\u0662" * 4 + "-01-01",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(BadTimestampError, match="is not a timestamp; one looks like 2016-01-01"):
        parse_moment(text)


@given(st.text(max_size=60))
def test_a_date_is_read_from_any_header_without_an_exception(text: str) -> None:
    for name, keys in (("hst", ("DATE-OBS", "TIME-OBS")), ("roman", ("ROMAN.META.EXPOSURE.START_TIME",))):
        found = find_observed_at(dict.fromkeys(keys, text), get_observatory(name))
        assert found is None or found.tzinfo is UTC


def test_the_start_of_an_exposure_is_where_the_observatory_writes_it() -> None:
    hubble = find_observed_at({"DATE-OBS": "2010-05-06", "TIME-OBS": "12:00:01.5"}, get_observatory("hst"))
    webb = {"META.OBSERVATION.DATE": "2010-05-06", "META.OBSERVATION.TIME": "12:00:01.500"}
    roman = {"ROMAN.META.EXPOSURE.START_TIME": "2010-05-06T12:00:01.500"}
    expected = datetime(2010, 5, 6, 12, 0, 1, 500000, tzinfo=UTC)
    assert hubble == find_observed_at(webb, get_observatory("jwst")) == expected
    assert find_observed_at(roman, get_observatory("roman")) == expected


@pytest.mark.parametrize("time", ["", " "])
def test_a_date_with_a_time_needs_no_other_keyword(time: str) -> None:
    header = {"DATE-OBS": "2010-05-06T12:00:01.5", "TIME-OBS": time}
    expected = datetime(2010, 5, 6, 12, 0, 1, 500000, tzinfo=UTC)
    assert find_observed_at(header, get_observatory("hst")) == expected
