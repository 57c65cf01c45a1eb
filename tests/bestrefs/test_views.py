import csv
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.bestrefs.queries import best_references
from tests.factories.catalog import make_file
from tests.factories.datasets import CONTEXT, make_dataset, make_header, publish_context

pytestmark = pytest.mark.django_db

HEADER = "\n".join(f"{key} = {value}" for key, value in make_header().items())
RESULTS = "/bestrefs/results/"


@pytest.fixture(autouse=True)
def context(hubble: None) -> str:
    return publish_context()


def error_of(answer: Any) -> str:
    found = re.search(r'<div id="error_message"[^>]*>([^<]*)</div>', answer.content.decode())
    return found[1] if found else ""


def asked(client: Client, **header: Any) -> Any:
    return client.get(RESULTS, {"context": CONTEXT, **make_header(**header)})


@pytest.mark.parametrize("address", ["/bestrefs/", "/bestrefs"])
def test_the_form_proposes_latest_and_a_header_without_any_error(client: Client, address: str) -> None:
    answer = client.get(address)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert 'id="error_message"' not in text
    assert re.search(r'value="pmap_latest"[^>]* checked', text)
    assert re.search(r'name="dataset_mode"[^>]* value="header"[^>]* checked', text)
    assert "csrftoken" in answer.cookies
    assert "I9ZF01010:I9ZF01DZQ" in text


def test_the_form_never_sends_the_file_itself(client: Client) -> None:
    text = client.get("/bestrefs/").content.decode()
    (chooser,) = re.findall(r'<input type="file"[^>]*>', text)
    assert "name=" not in chooser
    assert "multipart" not in text


def test_the_example_is_a_dataset_that_there_is(client: Client) -> None:
    make_dataset()
    assert b"LB4Q04010:LB4Q04ABQ" in client.get("/bestrefs/").content


def test_a_pasted_header_leads_to_an_address_with_the_needed_parameters_only(client: Client) -> None:
    sent = {"dataset_mode": "header", "header_text": f"{HEADER}\nTARGNAME = NGC104", "header_name": "a.fits"}
    answer = client.post("/bestrefs/", sent, follow=True)
    ((address, status),) = answer.redirect_chain
    assert (status, answer.status_code) == (302, 200)
    assert "TARGNAME" not in address
    assert "name=a.fits" in address
    for reference in best_references(None, make_header()).values():
        assert reference in answer.content.decode()


def test_the_form_can_be_asked_by_its_address(client: Client) -> None:
    make_dataset()
    answer = client.get("/bestrefs/?dataset_id=lb4q04abq", follow=True)
    assert answer.redirect_chain[0][0].startswith(
        f"{RESULTS}?context={CONTEXT}&dataset=LB4Q04010%3ALB4Q04ABQ"
    )
    assert b"s7g1700gl_dead.fits" in answer.content


def test_parameters_too_long_for_an_address_are_answered_at_once(client: Client) -> None:
    sent = {"header_text": HEADER.replace("FUV", "X" * 1900).replace("PERFORM", "Y" * 1900)}
    answer = client.post("/bestrefs/", sent)
    assert answer.status_code == 200
    assert b"too long for a link" in answer.content


def test_the_answer_lists_each_type_with_its_links(client: Client) -> None:
    make_file("s7g1700gl_dead.fits", held_at=timezone.now())
    text = asked(client).content.decode()
    assert '<a class="file" href="/browse/s7g1700gl_dead.fits">' in text
    assert 'href="/unchecked_get/references/hst/s7g1700gl_dead.fits"' in text
    assert "type=deadtab" in text
    assert text.index(">BRFTAB<") < text.index(">DEADTAB<")
    # The other reference is not here, which is said before somebody asks for it.
    assert "not in the catalogue" in text
    assert '<span class="muted">not held here</span>' in text
    assert text.count('aria-label="Download ') == 1


def test_the_answer_tells_types_without_reference_in_words(client: Client) -> None:
    text = asked(client, DETECTOR="NUV", DEADCORR="OMIT").content.decode()
    assert '<span class="na">n/a</span>' in text
    assert "NOT FOUND parameter=&#x27;DETECTOR&#x27; value=&#x27;NUV&#x27;" in text


def test_bad_references_and_contexts_are_flagged(client: Client) -> None:
    make_file("s7g1700gl_dead.fits", rejected=True)
    text = asked(client).content.decode()
    assert '<span class="badge bad">bad</span>' in text
    assert '1 of these references is marked <a class="term"' in text


def test_provisional_references_are_told_with_the_answer_and_its_explanation(client: Client) -> None:
    make_file("s7g1700gl_dead.fits", provisional=True)
    page = asked(client)
    badge = '<span class="badge warn">provisional</span>'
    assert badge in page.content.decode()
    (row,) = [row for row in page.context["page"]["table"].page if row.text == "s7g1700gl_dead.fits"]
    assert badge in client.get(f"/bestrefs/explain/?{row.why}").content.decode()


def test_parameters_are_sorted_and_end_with_the_date(client: Client) -> None:
    text = asked(client, DEADCORR=None).content.decode()
    names = re.findall(r'<tr><th scope="row">([A-Z-]+)</th><td', text)
    assert names == ["DEADCORR", "DETECTOR", "INSTRUME", "REFTYPE", "DATE-OBS", "TIME-OBS"]
    assert '<th scope="row">DEADCORR</th><td class="muted">UNDEFINED</td>' in text


def test_the_answer_is_exported_and_sorted_from_the_same_rows(client: Client) -> None:
    query = {"context": CONTEXT, **make_header(), "sort": "-type"}
    lines = client.get(RESULTS, {**query, "format": "csv"}).getvalue().decode().splitlines()
    rows = list(csv.DictReader(lines))
    assert [row["type"] for row in rows] == ["DEADTAB", "BRFTAB"]
    assert rows[0]["download"] == "/unchecked_get/references/hst/s7g1700gl_dead.fits"
    json = client.get(RESULTS, {**query, "search": "brf"}, headers={"accept": "application/json"})
    assert b'"BRFTAB"' in json.getvalue()
    assert b'"DEADTAB"' not in json.getvalue()


def test_all_references_are_listed_as_addresses_to_download(client: Client, settings: Any) -> None:
    settings.PUBLIC_URL = "https://crds.example"
    answer = client.get(RESULTS, {"context": CONTEXT, **make_header(DETECTOR="NUV"), "format": "urls"})
    assert answer["Content-Type"].startswith("text/plain")
    address = "https://crds.example/unchecked_get/references/hst/s7g1700ql_dead.fits\n"
    assert answer.content.decode() == address


def test_a_product_lets_choose_between_its_exposures(client: Client) -> None:
    make_dataset("LB4Q04010:LB4Q04ABQ")
    make_dataset("LB4Q04010:LB4Q04ACQ")
    for answer in (client.get("/bestrefs/?dataset_id=LB4Q04010"), client.get(f"{RESULTS}?dataset=LB4Q04010")):
        text = answer.content.decode()
        assert "LB4Q04010:LB4Q04ABQ" in text
        assert "dataset=LB4Q04010%3ALB4Q04ACQ" in text


def test_an_unknown_id_is_reported_with_the_typed_values_and_similar_ids(client: Client) -> None:
    make_dataset()
    answer = client.post("/bestrefs/", {"dataset_mode": "dataset", "dataset_id": "LB4Q04ABX"})
    assert answer.status_code == 200
    assert "NOT FOUND dataset ID does not exist" in error_of(answer)
    text = answer.content.decode()
    assert 'value="LB4Q04ABX"' in text
    assert "dataset_id=LB4Q04010:LB4Q04ABQ" in text


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"header_text": ""}, "Header: Give a header."),
        ({"dataset_mode": "dataset"}, "Dataset ID: Give the id of a dataset."),
        ({"header_text": "DETECTOR = FUV"}, "INSTRUME is missing"),
        ({"header_text": "INSTRUME = MIRI"}, "an instrument of JWST"),
        ({"header_text": "INSTRUME = ACS"}, "it knows COS"),
        ({"header_text": HEADER, "pmap_mode": "pmap_text", "pmap_text": "hst_0999.pmap"}, "not known"),
        ({"header_text": HEADER, "pmap_mode": "pmap_text", "pmap_text": "../etc"}, "context"),
        ({"header_text": HEADER, "pmap_mode": "nonsense"}, "There is no way"),
        ({"header_text": "x" * 800_001}, "at most 800000 characters"),
        ({"dataset_id": "\0"}, "Null characters"),
        ({"dataset_id": "a:b:c"}, "does not exist"),
    ],
)
def test_an_impossible_question_is_reported_in_the_form(
    client: Client, sent: dict[str, str], told: str
) -> None:
    answer = client.post("/bestrefs/", sent)
    assert answer.status_code == 200
    assert told in error_of(answer).replace("&#x27;", "'")


def test_nothing_typed_becomes_markup(client: Client) -> None:
    nasty = "</textarea><script>alert(1)</script>"
    pages = [
        client.post("/bestrefs/", {"header_text": nasty, "header_name": nasty, "dataset_id": nasty}),
        client.post("/bestrefs/", {"dataset_mode": "dataset", "dataset_id": nasty}),
        client.post("/bestrefs/", {"header_text": HEADER.replace("FUV", nasty)}, follow=True),
        client.get(RESULTS, {"context": nasty, **make_header()}),
        client.get(RESULTS, {"context": CONTEXT, "name": nasty, **make_header(DETECTOR=nasty)}),
        client.get(
            "/bestrefs/explain/", {"context": CONTEXT, **make_header(DETECTOR=nasty), "type": "brftab"}
        ),
        client.get("/bestrefs/explain/", {"context": CONTEXT, **make_header(), "type": nasty}),
        client.get("/bestrefs_explore/", {"instrument": nasty, "pmap_text": nasty}),
        client.get(f"/bestrefs_explore/{CONTEXT}/cos/", {"type:DETECTOR": nasty, "date": nasty, "ask": "1"}),
        client.get("/bestrefs_explore/<script>alert(1)</script>/<script>/"),
    ]
    for page in pages:
        assert b"<script>" not in page.content
        assert b"alert(1)" in page.content or page.status_code == 404


def test_an_address_that_cannot_be_answered_fills_the_form(client: Client) -> None:
    answer = client.get(RESULTS, {"context": "hst_0999.pmap", **make_header()})
    assert answer.status_code == 404
    assert "hst_0999.pmap" in error_of(answer)
    text = answer.content.decode()
    assert "DETECTOR = FUV" in text
    assert re.search(r'name="pmap_text"[^>]*value="hst_0999.pmap"', text)
    assert client.get(RESULTS, {"context": CONTEXT, "DETECTOR": "FUV"}).status_code == 200
    assert client.get(RESULTS).status_code == 302


def test_an_answer_takes_few_queries(client: Client, django_assert_max_num_queries: Any) -> None:
    asked(client)
    with django_assert_max_num_queries(3):
        asked(client)


def test_posts_elsewhere_are_refused(client: Client) -> None:
    assert client.post(RESULTS).status_code == 405
