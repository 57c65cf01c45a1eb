"""Errors come in the form that the caller asked for, whichever view makes them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import get_resolver, path
from django.urls.resolvers import URLPattern, URLResolver

from apps.core.refusals import Form, form_of
from tests.factories.accounts import make_user
from tests.factories.contexts import make_change, make_context

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("address", "headers", "form"),
    [
        ("/x?format=json", {}, Form.JSON),
        ("/x?format=JSON", {"Accept": "text/html"}, Form.JSON),
        ("/x?actions_format=csv", {}, Form.TEXT),
        ("/x?format=text", {}, Form.TEXT),
        ("/x?format=urls", {}, Form.TEXT),
        ("/x?format=html", {}, Form.PAGE),
        ("/x?FORMAT=json", {}, Form.PAGE),
        ("/browse/reference.json", {}, Form.PAGE),
        ("/x", {"Accept": "application/json"}, Form.JSON),
        ("/x", {"Accept": "text/csv, */*;q=0.1"}, Form.TEXT),
        ("/x", {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}, Form.PAGE),
        ("/x", {"Accept": "*/*"}, Form.PAGE),
        ("/x", {"Accept": "*/*", "Authorization": "Bearer abc"}, Form.JSON),
        ("/x", {"Authorization": "Bearer abc", "Accept": "text/html"}, Form.PAGE),
        ("/x", {}, Form.PAGE),
    ],
)
def test_the_address_decides_before_the_header(address: str, headers: dict[str, str], form: Form) -> None:
    assert form_of(RequestFactory().get(address, headers=headers)) is form


# Every kind of error.

TEXT = "text/plain; charset=utf-8"
ASKED = [("json", "application/json"), ("text", TEXT), ("csv", TEXT)]
NOWHERE = "context=jwst_9999.pmap&META.INSTRUMENT.NAME=MIRI&"


def read(answer: Any, kind: str) -> str:
    """Return the text of an error, which must not be a page."""
    assert "<" not in answer.text
    return str(json.loads(answer.text)["error"]) if kind == "application/json" else answer.text.rstrip("\n")


@pytest.mark.parametrize(("word", "kind"), ASKED)
@pytest.mark.parametrize(
    ("method", "address", "status", "said"),
    [
        ("get", "/no/such/place?", 404, "There is nothing at /no/such/place."),
        (
            "get",
            f"/bestrefs/results/?{NOWHERE}",
            404,
            "jwst_9999.pmap",
        ),
        ("get", "/bestrefs/results/?META.INSTRUMENT.NAME=NOWHERE&", 400, "NOWHERE"),
        ("get", "/bestrefs/results/?dataset=BAR&", 400, "NOT FOUND dataset ID does not exist 'BAR'"),
        ("get", "/bestrefs/results/?context=&META.INSTRUMENT.NAME=MIRI&", 400, "The context is empty."),
        ("get", "/bestrefs/explain/?META.INSTRUMENT.NAME=MIRI&type=nosuch&", 400, "nosuch"),
        (
            "get",
            f"/bestrefs/explain/?{NOWHERE}",
            404,
            "jwst_9999.pmap",
        ),
        ("get", "/browse/jwst_9999.pmap?", 404, "File 'jwst_9999.pmap' is not known"),
        ("get", "/browse_db/?start_date=never&", 400, "'never' is not a date"),
        ("get", "/recent_activity/?start_date=never&", 400, "'never' is not a date"),
        ("get", "/context_table/jwst_9999.pmap?", 404, "jwst_9999.pmap"),
        ("get", "/context_table/jwst_0001.pmap/miri/nosuch?", 404, "nosuch"),
        ("get", "/difference/?file1=jwst_9998.pmap&file2=jwst_9999.pmap&", 404, "jwst_9998.pmap"),
        ("get", "/reprocessing/jwst_9998.pmap/jwst_9999.pmap/?", 404, "jwst_9998.pmap"),
        ("get", "/submission_history/?", 401, "Log in first."),
        ("get", "/delivery_status/?", 401, "Log in first."),
        (
            "post",
            "/bestrefs/results/?",
            405,
            "POST is not allowed at /bestrefs/results/. Use ",
        ),
        ("post", "/set_theme_that_is_not?", 404, "There is nothing at"),
    ],
)
def test_no_error_is_a_page_for_a_program(
    client: Client, word: str, kind: str, method: str, address: str, status: int, said: str
) -> None:
    make_context()
    make_change("jwst_0001.pmap")
    answer = getattr(client, method)(f"{address}format={word}")
    assert (answer.status_code, answer["Content-Type"]) == (status, kind)
    assert said in read(answer, kind)
    assert getattr(client, method)(address, headers={"Accept": kind.partition(";")[0]}).status_code == status


def test_a_role_that_is_missing_is_said_in_one_line(client: Client) -> None:
    client.force_login(make_user(role="submitter"))
    answer = client.get("/set_context/?format=csv")
    assert (answer.status_code, answer["Content-Type"]) == (403, "text/plain; charset=utf-8")
    assert "operator" in answer.text


def test_a_form_without_its_token_is_refused_in_json() -> None:
    answer = Client(enforce_csrf_checks=True).post("/bestrefs/?format=json", {"dataset_id": "X"})
    assert answer.status_code == 403
    assert "reload" in answer.json()["error"].casefold()


def test_maintenance_is_503_for_programs_and_a_page_for_the_client(client: Client, settings: Any) -> None:
    settings.MAINTENANCE = "Until 14:00 UTC."
    answer = client.post("/set_context/?format=json")
    assert (answer.status_code, answer.json()) == (503, {"error": "Until 14:00 UTC."})
    assert answer["Retry-After"]
    answer = client.post("/set_context/")
    assert '<div id="error_message"' in answer.text


def test_people_still_get_pages(client: Client) -> None:
    for address, status in (
        ("/no/such", 404),
        ("/browse/jwst_9999.pmap", 404),
        ("/bestrefs/results/?context=&dataset=X", 200),
    ):
        answer = client.get(address, headers={"Accept": "text/html,*/*;q=0.8"})
        assert answer.status_code == status
        assert answer["Content-Type"].startswith("text/html")
        assert "<html" in answer.text


def test_a_page_that_has_no_such_form_says_so(client: Client) -> None:
    answer = client.get("/?format=json")
    assert (answer.status_code, answer.json()) == (
        406,
        {"error": "/ cannot be answered in the requested format."},
    )


def fail(request: Any) -> HttpResponse:
    raise RuntimeError("a secret of the inside")


urlpatterns = [path("fail", fail)]
handler500 = "apps.web.views.server_error"


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("word", ["json", "text"])
def test_a_fault_of_ours_tells_its_incident_and_nothing_else(word: str) -> None:
    answer = Client(raise_request_exception=False).get(f"/fail?format={word}")
    assert answer.status_code == 500
    assert not answer["Content-Type"].startswith("text/html")
    assert answer["X-Request-Id"] in answer.text
    assert "secret" not in answer.text


# HEAD, at every address without parameters.


def addresses(patterns: list[Any], prefix: str = "") -> Iterator[str]:
    for each in patterns:
        if isinstance(each, URLResolver):
            yield from addresses(each.url_patterns, prefix + str(each.pattern))
        elif isinstance(each, URLPattern) and "<" not in (route := prefix + str(each.pattern)):
            yield "/" + route.replace("^", "").replace("\\Z", "").replace("/?", "/").replace("\\.", ".")


def test_no_answer_to_head_has_a_body() -> None:
    make_context()
    make_change("jwst_0001.pmap")
    known = sorted({each for each in addresses(get_resolver().url_patterns) if "(" not in each})
    assert len(known) > 60
    wrong = [each for each in known if body_of_head(each)]
    assert wrong == []


def body_of_head(address: str) -> bytes:
    """Return the body that the server would send; the test client of Django would hide it."""
    from django.core.handlers.wsgi import WSGIHandler

    environment = RequestFactory().head(address).environ
    answer = WSGIHandler()(environment, lambda *_: None)
    try:
        return b"".join(answer)
    finally:
        answer.close()


def test_head_tells_the_length_that_get_has(client: Client) -> None:
    make_change(make_context())
    got = client.get("/bestrefs/results/?dataset=X&format=json")
    head = client.head("/bestrefs/results/?dataset=X&format=json")
    assert head["Content-Length"] == str(len(got.content))
