import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from apps.bestrefs.exploration import address_of, open_parameters
from apps.bestrefs.questions import of_header
from tests.factories.datasets import CONTEXT, make_header, publish_context

pytestmark = pytest.mark.django_db

PARAMETERS = f"/bestrefs_explore/{CONTEXT}/cos/"


@pytest.fixture(autouse=True)
def context(hubble: None) -> str:
    return publish_context()


def options(text: str, parkey: str) -> list[str]:
    (menu,) = re.findall(rf'<select name="pick:{parkey}"[^>]*>(.*?)</select>', text)
    return re.findall(r"<option[^>]*>([^<]*)</option>", menu)


def error_of(answer: Any) -> str:
    found = re.search(r'<div id="error_message"[^>]*>([^<]*)</div>', answer.content.decode())
    return found[1] if found else ""


@pytest.mark.parametrize("address", ["/bestrefs_explore/", "/bestrefs_explore"])
def test_context_and_instrument_are_chosen_first(client: Client, address: str) -> None:
    text = client.get(address).content.decode()
    assert 'id="error_message"' not in text
    assert "Choose Instrument" in text
    answer = client.get(address, {"instrument": "cos", "pmap_mode": "pmap_latest"})
    assert (answer.status_code, answer["Location"]) == (302, PARAMETERS)


def test_menus_hold_the_values_that_the_rules_know(client: Client) -> None:
    text = client.get(PARAMETERS).content.decode()
    assert options(text, "DETECTOR") == ["*", "N/A", "FUV", "NUV"]
    # Values that only a condition names are known too.
    assert options(text, "DEADCORR") == ["*", "N/A", "OMIT"]
    assert "pick:INSTRUME" not in text
    assert "pick:DATE-OBS" not in text
    assert re.search(r'name="date"[^>]* value="\d{4}-\d\d-\d\d"', text)
    assert re.search(r'name="time"[^>]* value="\d\d:\d\d:\d\d"', text)


def test_a_typed_value_counts_more_than_a_picked_one(client: Client) -> None:
    sent = {
        "pick:DETECTOR": "FUV", "type:DETECTOR": "NUV", "pick:DEADCORR": "PERFORM",
        "date": "2010-05-06", "time": "12:00", "ask": "1",
    }  # fmt: skip
    answer = client.get(PARAMETERS, sent)
    asked = parse_qs(urlsplit(answer["Location"]).query)
    assert asked == {
        "context": [CONTEXT], "INSTRUME": ["COS"], "DETECTOR": ["NUV"], "DEADCORR": ["PERFORM"],
        "DATE-OBS": ["2010-05-06"], "TIME-OBS": ["12:00:00"],
    }  # fmt: skip
    assert b"s7g1700ql_dead.fits" in client.get(answer["Location"]).content


@pytest.mark.parametrize(
    ("date", "time"), [("yesterday", "12:00:00"), ("2010-02-30", ""), ("", ""), ("2010-01-01", "25:00:00")]
)
def test_a_bad_moment_is_reported_and_the_typed_values_stay(client: Client, date: str, time: str) -> None:
    answer = client.get(PARAMETERS, {"type:DETECTOR": "FUV", "date": date, "time": time, "ask": "1"})
    assert answer.status_code == 200
    assert "is not a moment" in error_of(answer)
    text = answer.content.decode()
    assert re.search(r'name="type:DETECTOR" value="FUV"', text)
    assert f'value="{date}"' in text


def test_a_value_without_end_is_refused(client: Client) -> None:
    answer = client.get(PARAMETERS, {"type:DETECTOR": "x" * 201, "ask": "1"})
    assert "longer than 200 characters" in error_of(answer)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("/bestrefs_explore/hst_0999.pmap/cos/", "not known"),
        (f"/bestrefs_explore/{CONTEXT}/acs/", "no rules for"),
        (f"/bestrefs_explore/{CONTEXT}/nonsense/", "it knows cos"),
        ("/bestrefs_explore/nonsense/cos", "nonsense"),
    ],
)
def test_an_unknown_context_or_instrument_is_answered_by_the_choice(
    client: Client, address: str, told: str
) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert told in error_of(answer)
    assert b"Choose Instrument" in answer.content


def test_an_unknown_instrument_is_reported_in_the_form(client: Client) -> None:
    answer = client.get("/bestrefs_explore/", {"instrument": "miri"})
    assert answer.status_code == 200
    assert "Choose one of ACS, COS" in error_of(answer)


def test_a_question_can_be_changed_by_hand(client: Client) -> None:
    question = of_header(CONTEXT, make_header(DETECTOR="NUV"))
    text = client.get(f"{PARAMETERS}?{address_of(question)}").content.decode()
    assert re.search(r'name="type:DETECTOR" value="NUV"', text)
    assert re.search(r'name="date"[^>]* value="2010-05-06"', text)
    again = client.get(f"{PARAMETERS}?{address_of(question)}&ask=1")
    assert parse_qs(urlsplit(again["Location"]).query) == {
        name: [value] for name, value in question.sent.items()
    }


def test_a_parameter_left_open_is_named_with_the_types_that_depend_on_it(client: Client) -> None:
    header = make_header(DETECTOR="FUV")
    (whole,) = open_parameters(of_header(CONTEXT, header | {"DETECTOR": "*"}))
    assert whole.title == "DETECTOR"
    assert "DEADTAB" in whole.types
    assert open_parameters(of_header(CONTEXT, header)) == []
    text = client.get("/bestrefs/results/", {"context": CONTEXT, **header, "DETECTOR": "*"}).content.decode()
    assert "parameters were left open" in text
