import pytest

from apps.rules.dates import format_date, usual_date
from apps.rules.errors import LookupFailure


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2009-05-14 00:00:00", "2009-05-14 00:00:00"),
        ("2009-05-31 23:59:59", "2009-05-31 23:59:59"),
        ("2009/05/14 01:02", "2009-05-14 01:02:00"),
        ("2009-05-14T01:02:03.25", "2009-05-14 01:02:03.250000"),
        ("2009-05-14 01:02:03.9999999", "2009-05-14 01:02:03.999999"),
        ("2009-05-14 01:02:35.123", "2009-05-14 01:02:35.122999"),
        ("05/14/2009", "2009-05-14 00:00:00"),
        ("21/12/99 05:42:00 PM", "1999-12-21 17:42:00"),
        ("21/12/39", "2039-12-21 00:00:00"),
        ("19970114:053714", "1997-01-14 05:37:14"),
        ("Dec 01 1993 00:00:00 UT", "1993-12-01 00:00:00"),
        ("03-Jan-2013", "2013-01-03 00:00:00"),
        ("July 27, 1999 12:01 am", "1999-07-27 00:01:00"),
    ],
)
def test_dates_are_read_in_every_form(text: str, expected: str) -> None:
    assert format_date(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2009-02-30", "day is out of range for month"),
        ("2009-13-01 00:00:00", "month must be in 1..12"),
        ("21/12/42", "Unknown numerical date format: '21/12/42'"),
        ("2009-05-14 noon", "Invalid month value '05' in base date"),
        ("2009-05-14 12", "not enough values to unpack"),
        ("UNDEFINED 00:00:00", "One or more required date/time values is UNDEFINED"),
    ],
)
def test_bad_dates_are_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises((ValueError, LookupFailure)) as caught:
        format_date(text)
    assert reason in str(caught.value)


def test_the_short_cut_agrees_with_the_long_way() -> None:
    for text in ("2009-05-14 01:02:03", "1999-12-28 23:59:59.5", "2020-02-01 00:00:00.0000001"):
        shortcut = usual_date(text)
        assert shortcut == format_date(text.replace(" ", "  "))
    assert usual_date("2009-02-29 00:00:00") is None
