"""Form fields with input from browsers, clients and hostile callers, and the results."""

from contextlib import suppress
from typing import Any

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from apps.submissions.forms.fields import (
    LONGEST_LINE,
    LONGEST_TEXT,
    AddressesField,
    FlagField,
    LineField,
    LongField,
    ReasonField,
    WordField,
)
from apps.submissions.forms.lists import NamesField

ANSWERS = ("N/A", "No", "Yes")


class FlagForm(forms.Form):
    flag = FlagField(initial=True)


def cleaned_flag(body: str) -> Any:
    form = FlagForm(QueryDict(body))
    return form.cleaned_data["flag"] if form.is_valid() else form.errors["flag"]


@pytest.mark.parametrize("body", ["flag=True", "flag=true", "flag=on", "flag=Yes", "flag=False&flag=True"])
def test_a_flag_is_set_by_clients_browsers_and_yaml(body: str) -> None:
    assert cleaned_flag(body) is True


@pytest.mark.parametrize(
    "body", ["flag=False", "flag=false", "flag=No", "flag=None", "flag=", "", "other=True"]
)
def test_a_flag_that_is_false_or_absent_is_false_whatever_it_begins_with(body: str) -> None:
    assert cleaned_flag(body) is False


def test_what_is_no_flag_is_refused() -> None:
    assert cleaned_flag("flag=<b>maybe") == ["'<b>maybe' is not True or False."]


@pytest.mark.parametrize(("body", "is_checked"), [("flag=False", False), ("flag=True", True), ("", False)])
def test_a_box_shows_again_what_was_sent(body: str, is_checked: bool) -> None:
    markup = str(FlagForm(QueryDict(body))["flag"])
    assert ("checked" in markup) == is_checked
    assert 'value="True"' in markup


@pytest.mark.parametrize(
    ("typed", "word"),
    [("yes", "Yes"), ("YES", "Yes"), (" No ", "No"), ("True", "Yes"), ("False", "No"), ("n/a", "N/A")],
)
def test_a_word_is_known_in_any_case_and_as_yaml_makes_it(typed: str, word: str) -> None:
    assert WordField(words=ANSWERS).clean(typed) == word


@pytest.mark.parametrize(
    ("field", "typed", "reason"),
    [
        (WordField(words=ANSWERS), "perhaps", "'perhaps' is not one of N/A, No, Yes."),
        (WordField(words=ANSWERS), "", "This field is required."),
        (WordField(words=("SEVERE",)), "True", "'True' is not one of SEVERE."),
        (LineField(), "two\nlines", "one line"),
        (LineField(), "esc\x1bape", "control characters"),
        (LineField(), "nul\0", "control characters"),
        (LineField(), "x" * (LONGEST_LINE + 1), "at most"),
        (LongField(), "bell\a", "control characters"),
        (LongField(), "x" * (LONGEST_TEXT + 1), "at most"),
        (ReasonField(), "for <b>", '"<" ">"'),
        (ReasonField(), "nul\0", '"U+0000"'),
        (ReasonField(), " \xad ", "required"),
        (AddressesField(), "homer@example.org, <x>", "Not an e-mail address: '<x>'."),
        (AddressesField(), "homer@example.org\nBcc: bart@example.org", "Not an e-mail address"),
        (
            AddressesField(),
            ",".join(f"u{number}@example.org" for number in range(21)),
            "At most 20 are allowed",
        ),
        (NamesField(), " ,\n", "Name at least one"),
        (NamesField(), "../secret", "not file names: '../secret'."),
        (
            NamesField(),
            "jwst_0001.pmap a.fits",
            "are mappings, but only references can be listed: 'jwst_0001.pmap'.",
        ),
        (NamesField(), " ".join(f"<{number}" for number in range(10)), "and 2 more."),
        (NamesField(), " ".join(f"f{number}.fits" for number in range(1001)), "At most 1000 are allowed"),
    ],
)
def test_bad_input_is_refused_with_what_would_do(field: forms.Field, typed: str, reason: str) -> None:
    with pytest.raises(ValidationError) as caught:
        field.clean(typed)
    assert reason in "; ".join(caught.value.messages)


def test_texts_keep_their_letters_and_lines() -> None:
    assert LineField().clean(" Zoë O'Neil ") == "Zoë O'Neil"
    assert LongField().clean("one\r\ntwo\rthree\tx") == "one\ntwo\nthree\tx"
    assert ReasonField().clean("New flats \u2013 better") == "New flats - better"


def test_addresses_come_out_once_each() -> None:
    field = AddressesField(required=False)
    assert field.clean(" a@example.org ,b@example.org,, a@example.org") == "a@example.org, b@example.org"
    assert field.clean("") == ""


@given(
    st.lists(st.from_regex(r"[a-z][a-z0-9_]{0,9}\.fits", fullmatch=True), min_size=1, max_size=9), st.data()
)
def test_names_are_found_between_all_separators(names: list[str], data: st.DataObject) -> None:
    gap = st.text(alphabet=" ,\n\r\t", min_size=1, max_size=3)
    text = "".join(name + data.draw(gap) for name in names)
    assert NamesField().clean(text) == tuple(dict.fromkeys(names))


@given(st.text(max_size=60))
def test_no_text_breaks_a_field(text: str) -> None:
    fields = (
        WordField(words=ANSWERS),
        LineField(),
        LongField(),
        ReasonField(),
        AddressesField(),
        NamesField(),
    )
    for field in fields:
        with suppress(ValidationError):
            field.clean(text)
