import re
from typing import Any

import pytest
from django.test import Client

from tests.factories.catalog import make_file
from tests.factories.datasets import CONTEXT, make_dataset, make_header, publish_context

pytestmark = pytest.mark.django_db

EXPLAIN = "/bestrefs/explain/"


@pytest.fixture(autouse=True)
def context(hubble: None) -> str:
    return publish_context()


def why(client: Client, reftype: str = "", wanted: str = "", **header: Any) -> Any:
    sent = {"context": CONTEXT, **make_header(**header), "type": reftype, "format": wanted}
    return client.get(EXPLAIN, {name: value for name, value in sent.items() if value})


def test_all_types_are_explained_in_a_line_each(client: Client) -> None:
    text = why(client, DETECTOR="NUV", DEADCORR="OMIT").content.decode()
    assert "None of 1 cases fits: none takes NUV for DETECTOR." in text
    assert "It would match if DETECTOR were FUV." in text
    assert "because not (DEADCORR != &quot;OMIT&quot;)" in text
    assert "type=brftab" in text


def test_a_chosen_reference_is_explained_with_its_case_and_date(client: Client) -> None:
    make_file("s7g1700gl_dead.fits", rejected=True)
    text = why(client, "deadtab").content.decode()
    assert "Why this DEADTAB?" in text
    assert '<a class="file" href="/browse/s7g1700gl_dead.fits">' in text
    assert '<span class="badge bad">bad</span>' in text
    assert "1 of 2 cases fits" in text
    assert "<svg" in text
    assert "1996-10-01 00:00:00" in text
    assert '<a href="/browse/hst_cos_deadtab_0001.rmap">' in text


def test_a_missing_reference_is_explained_by_the_nearest_case(client: Client) -> None:
    text = why(client, "brftab", DETECTOR="NUV").content.decode()
    assert "Why no BRFTAB?" in text
    assert '<details id="nearest-1" open>' in text
    assert re.search(r"<strong>DETECTOR</strong> is <code>NUV</code>; the case needs FUV", text)
    assert "value=&#x27;NUV&#x27; is not in" in text


def test_a_type_that_does_not_apply_names_the_condition(client: Client) -> None:
    text = why(client, "deadtab", DEADCORR="OMIT").content.decode()
    assert "Here DEADCORR is OMIT." in text
    assert "Applies only where" in text


def test_explanations_come_as_json_and_text(client: Client) -> None:
    found = why(client, wanted="json").json()
    assert (found["context"], found["instrument"]) == (CONTEXT, "cos")
    assert found["parameters"]["DETECTOR"] == "FUV"
    assert [one["reftype"] for one in found["types"]] == ["brftab", "deadtab"]
    (one,) = why(client, "deadtab", "json", DETECTOR="XXX").json()["types"]
    assert (one["outcome"], one["hint"]) == ("not found", "It would match if DETECTOR were FUV or NUV.")
    text = why(client, "deadtab", "text")
    assert text["Content-Type"] == "text/plain; charset=utf-8"
    assert "DEADTAB: s7g1700gl_dead.fits" in text.content.decode()
    accepted = client.get(
        EXPLAIN, {"context": CONTEXT, **make_header()}, headers={"accept": "application/json"}
    )
    assert accepted.json() == found


def test_programs_get_failures_as_json(client: Client) -> None:
    answer = client.get(EXPLAIN, {"context": CONTEXT, "DETECTOR": "FUV", "format": "json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "no_instrument")


def test_archived_datasets_are_explained_by_their_id(client: Client) -> None:
    make_dataset("LB4Q04010:LB4Q04ABQ")
    sent = {"context": CONTEXT, "dataset": "lb4q04abq", "type": "deadtab"}
    assert b"s7g1700gl_dead.fits" in client.get(EXPLAIN, sent).content
    make_dataset("LB4Q04010:LB4Q04ACQ")
    answer = client.get(EXPLAIN, {**sent, "dataset": "LB4Q04010"})
    assert b"names 2 exposures; ask for one of them" in answer.content


def test_unknown_types_and_contexts_are_reported_in_the_form(client: Client) -> None:
    answer = why(client, "flat")
    assert answer.status_code == 200
    assert b"there are brftab, deadtab" in answer.content
    assert client.get(EXPLAIN, {"context": "hst_0999.pmap", **make_header()}).status_code == 404
    assert client.get(EXPLAIN).status_code == 302


def test_an_explanation_takes_few_queries(client: Client, django_assert_max_num_queries: Any) -> None:
    why(client)
    with django_assert_max_num_queries(2):
        why(client)
