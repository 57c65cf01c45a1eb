from datetime import datetime
from typing import ClassVar

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from apps.core.filters import FilterForm, GlobFilter, MenuFilter, MomentFilter


class Form(FilterForm):
    defaults: ClassVar[dict[str, str]] = {"size": "small"}
    size = MenuFilter(lambda: ("small", "large"), label="Size")
    name = GlobFilter(label="Name")
    start = MomentFilter(label="Start")
    stop = MomentFilter(label="Stop", is_end=True)


def moment(text: str, *, is_end: bool = False) -> datetime | None:
    return MomentFilter(required=False, is_end=is_end).clean(text)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2024-02-29", "2024-02-29 00:00:00", "2024-03-01 00:00:00"),
        ("2023-12-31 23:59", "2023-12-31 23:59:00", "2024-01-01 00:00:00"),
        (" 2023-12-31T23:59:59 ", "2023-12-31 23:59:59", "2024-01-01 00:00:00"),
        ("9999-12-31", "9999-12-31 00:00:00", "9999-12-31 23:59:59.999999"),
        ("2024-01-01T10:00:00Z", "2024-01-01 10:00:00", "2024-01-01 10:00:01"),
        ("2024-01-01 10:00+01:00", "2024-01-01 09:00:00", "2024-01-01 09:01:00"),
        ("2024-01-01 10:00 01:00", "2024-01-01 09:00:00", "2024-01-01 09:01:00"),
        ("2024-01-01 10:00:00.5", "2024-01-01 10:00:00.500000", "2024-01-01 10:00:00.500001"),
    ],
)
def test_the_last_day_minute_or_second_is_included(text: str, start: str, end: str) -> None:
    assert str(moment(text)) == f"{start}+00:00"
    assert str(moment(text, is_end=True)) == f"{end}+00:00"


@pytest.mark.parametrize("text", ["", "*", " * "])
def test_nothing_and_a_star_are_no_constraint(text: str) -> None:
    assert moment(text) is None
    assert moment(text, is_end=True) is None


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-29",
        "0000-01-01",
        "2024-1-1",
        "2024-01-01 24:00",
        "2024-01-01 10",
        "2024-01-01 10:00:60",
        "2024-01-01+01:00",
        "9999-12-31 23:00-05:00",
        "20240101",
        "٢٠٢٤-01-01",
        "today",
        "2024-01-01\n\nx",
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="is not a date; write 2026-01-31"):
        moment(text)


@given(st.text(max_size=25))
def test_any_text_is_a_moment_or_refused(text: str) -> None:
    try:
        begin, end = moment(text), moment(text, is_end=True)
    except ValidationError:
        return
    assert (begin is None and end is None) or (begin and end and begin < end)


def test_defaults_hold_until_something_is_asked() -> None:
    form = Form({})
    assert form.is_valid()
    assert form.cleaned_data["size"] == "small"
    assert form.is_open
    form = Form({"page": "2"})
    assert form.is_valid()
    assert form.cleaned_data["size"] == "small"
    form = Form({"name": "a*"})
    assert form.is_valid()
    assert form.cleaned_data["size"] == ""
    assert not form.is_open
    assert form.query == "size=%2A&name=a%2A&start=%2A&stop=%2A"


def test_what_is_in_no_menu_is_refused_and_named() -> None:
    form = Form({"size": "<b>", "name": "[", "start": "x"})
    assert form.errors["size"] == ["'<b>' is not one of *, small, large."]
    assert set(form.errors) == {"size", "name", "start"}
    assert form.is_open


def test_links_keep_what_was_asked_for_and_no_more() -> None:
    assert Form({}).kept == {}
    assert Form({"name": "a*", "size": "*"}).kept == {"name": "a*"}
    # Without any name in the address the defaults would hold.
    assert Form({"name": "*"}).kept == {"size": "*"}
