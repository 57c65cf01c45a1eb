"""Calls that do not pass the middleware of pages, and those of them that are answered in the loop."""

import http.client
import io
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from apps.contexts import memory
from apps.contexts.queries import get_context
from apps.core.json_lists import json_list
from apps.core.web_server.quick_answers import NeedsThreadError, in_loop
from apps.rpc import direct
from apps.rpc.direct import DirectCalls
from apps.rpc.registry import InParts
from tests.core.web_server.small_server import make_application, serving
from tests.factories.rpc import request
from tests.patience import HANG

CALL = request("get_best_references", "jwst_0001.pmap", {"INSTRUME": "MIRI"})


class SmallDjango:
    """A WSGI application that notes the schemes and the threads in which it is asked for its headers."""

    def __init__(self) -> None:
        self.schemes: list[str] = []
        self.threads: list[str] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> io.BytesIO:
        self.schemes.append(environ.get("HTTP_X_FORWARDED_PROTO", ""))
        self.threads.append(lane())
        start_response("200 OK", [("X-Static", "1")])
        return io.BytesIO()


def lane() -> str:
    """Return the lane of the present thread; the loop has none."""
    name, _, number = threading.current_thread().name.partition("-")
    return name if number.isdigit() else "loop"


@pytest.fixture
def django() -> SmallDjango:
    return SmallDjango()


@pytest.fixture
def port(django: SmallDjango, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Yield the port of a server that takes the context of the call for one in memory."""
    monkeypatch.setattr(direct, "is_in_memory", lambda _name: True)
    calls = DirectCalls(django)
    application = make_application(
        django, direct=calls.answer, is_direct=calls.is_for, is_quick=calls.is_quick
    )
    with serving(application) as port:
        yield port


def post(port: int, document: Any = CALL, **headers: str) -> tuple[dict[str, str], Any]:
    """Return the headers and the document of an answer."""
    connection = http.client.HTTPConnection("localhost", port, timeout=HANG)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("POST", "/json/", json.dumps(document), {"Connection": "close", **named})
        answer = connection.getresponse()
        return dict(answer.headers), json.loads(answer.read())
    finally:
        connection.close()


def test_a_context_that_was_just_forgotten_is_loaded_by_a_thread(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes: list[str] = []
    monkeypatch.setattr(memory.catalog, "find_file", lambda _name: lanes.append(lane()))
    _, answered = post(port)
    assert "is not known to this server" in answered["error"]["message"]
    assert lanes == ["calls"]


def test_only_the_first_quick_call_needs_a_thread(
    port: int, django: SmallDjango, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes: list[str] = []
    monkeypatch.setattr(direct.views, "answer_body", lambda _body: lanes.append(lane()) or b"{}")
    for _ in range(3):
        headers, answered = post(port)
        assert (headers["x-static"], answered) == ("1", {})
    assert django.threads == ["calls"]
    assert lanes == ["loop", "calls", "loop", "loop"]


def test_a_long_answer_is_sent_from_a_file(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = list(range(100_000))
    monkeypatch.setattr(direct.views.dispatcher, "LONG", 1000)
    monkeypatch.setattr(direct.views.dispatcher, "_call", lambda *_asked: InParts(json_list([numbers])))
    headers, answered = post(port, request("no_such_method"))
    assert answered["result"] == numbers
    assert int(headers["content-length"]) > 500_000


def test_nothing_is_loaded_in_the_loop() -> None:
    with in_loop(), pytest.raises(NeedsThreadError):
        get_context("jwst_0001.pmap")


def test_callers_choose_one_of_two_schemes_only(port: int, django: SmallDjango) -> None:
    for text in ("https", "http", "HTTPS", "ftp", " https , http", "https,", *map(str, range(20))):
        post(port, request("no_such_method"), X_Forwarded_Proto=text)
    assert sorted(django.schemes) == ["", "https"]
