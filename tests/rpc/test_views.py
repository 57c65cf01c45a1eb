"""The transport, tested line by line against section 1 of the wire protocol."""

import json
from typing import Any

import pytest
from django.test import Client

from tests.factories.rpc import post, request, send


def test_a_form_encoded_post_is_answered_without_cookie_or_token() -> None:
    response = post(json.dumps(request("echo", "a")))
    assert (response.status_code, response["Content-Type"]) == (200, "application/json-rpc")
    expected = {"error": None, "jsonrpc": "1.0", "id": "sync-14.0.3-1", "result": ["a", None]}
    assert json.loads(response.content) == expected
    assert not response.cookies


@pytest.mark.parametrize(
    "path",
    [
        "/json",
        "/json/",
        "/json/echo/sync-14.0.3-85f4ca4d-00000001/",
        "/json/echo/-c-14.0.3-1",
        "/json/echo/-14.0.3-1/",
        "/json//-14.0.3-1/",
        "/json/echo/a%2Fb%20c%0Ad%00/%ff/",
        "/json/../../etc/passwd",
    ],
)
def test_the_rest_of_the_path_is_decoration(path: str) -> None:
    assert send(request("echo", 1), path)["result"] == [1, None]


def test_leading_slashes_are_one() -> None:
    response = post(json.dumps(request("echo", 1)), PATH_INFO="//json/echo/1/")
    assert json.loads(response.content)["result"] == [1, None]


def test_a_path_that_only_begins_alike_is_not_the_endpoint() -> None:
    assert post("{}", "/jsonrpc/").status_code == 404


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x"]
)
def test_the_content_type_is_not_looked_at(content_type: str) -> None:
    response = post(json.dumps(request("echo", 1)), content_type=content_type)
    assert json.loads(response.content)["result"] == [1, None]


@pytest.mark.parametrize("method", ["get", "head", "put", "delete", "options"])
def test_another_verb_gets_something_harmless(method: str) -> None:
    response = getattr(Client(), method)("/json/echo/1/")
    assert (response.status_code, response["Allow"]) == (405, "POST")
    if method != "head":
        assert json.loads(response.content)["error"]["name"] == "InvalidRequestError"


def test_a_body_beyond_djangos_own_limit_is_read() -> None:
    text = "x" * 3_000_000
    assert send(request("echo", text))["result"] == [text, None]


def test_a_body_at_the_limit_is_read_and_one_above_it_is_refused(settings: Any) -> None:
    body = json.dumps(request("echo", "x" * 3000))
    for excess, name in ((0, None), (1, "InvalidRequestError")):
        settings.RPC_BODY_LIMIT = len(body) - excess
        answer = json.loads(post(body).content)
        assert (answer["error"] and answer["error"]["name"]) == name
    assert str(len(body) - 1) in answer["error"]["message"]


def test_an_answer_is_never_compressed() -> None:
    response = post(json.dumps(request("echo", "x" * 10_000)), headers={"accept-encoding": "gzip, br"})
    assert "Content-Encoding" not in response


def test_the_answer_is_always_utf_8() -> None:
    response = post(json.dumps(request("echo", "\u2028é<\U0001f52d"), ensure_ascii=False).encode())
    assert json.loads(response.content.decode())["result"] == ["\u2028é<\U0001f52d", None]
