"""The raw protocol, as curl and the client's HTTP library speak it."""

import http.client
import json
import urllib.request
from contextlib import closing
from typing import Any

import pytest

from tests.contract.client import Client


def ask(
    client: Client, method: str = "GET", *, data: str | None = None, path: str = "/json/"
) -> tuple[http.client.HTTPResponse, str]:
    """Return an answer and its body; the path is sent as it is, and data as `curl --data` sends them."""
    headers = {} if data is None else {"Content-Type": "application/x-www-form-urlencoded"}
    with closing(client.server.connection()) as connection:
        connection.request(method, path, data, headers)
        answer = connection.getresponse()
        return answer, answer.read().decode()


def call(client: Client, method: str, *params: Any, path: str = "/json/") -> Any:
    request = json.dumps({"jsonrpc": "1.0", "method": method, "params": params, "id": 1})
    answer, body = ask(client, "POST", data=request, path=path)
    assert answer.status == 200
    return json.loads(body)


def test_the_documented_call(demo: Client) -> None:
    answer = call(demo, "get_default_context", "jwst")
    assert answer == {"error": None, "jsonrpc": "1.0", "id": 1, "result": answer["result"]}
    assert answer["result"].endswith(".pmap")


def test_an_unknown_method_is_an_error_with_status_200(demo: Client) -> None:
    answer = call(demo, "get_submission_info")
    assert answer["result"] is None
    assert answer["error"]["name"] == "MethodNotFoundError"
    assert answer["error"]["code"] == -32601


def test_the_error_of_a_bad_version_is_as_documented(demo: Client) -> None:
    assert call(demo, "get_system_versions", "bad version!", "null")["error"] == {
        "message": "OtherError: Invalid version string,  must be 1-128 chars of A-Z, a-z, 0-9, ., -, _",
        "code": 500,
        "data": None,
        "name": "OtherError",
    }


@pytest.mark.parametrize(
    "path", ["/json", "/json/", "/json/get_default_context/-c-14.0.3-x-1/", "//json/a%2Fb//"]
)
def test_the_path_behind_json_is_decoration(demo: Client, path: str) -> None:
    assert call(demo, "get_default_context", "jwst", path=path)["error"] is None


def test_a_get_is_harmless(demo: Client) -> None:
    answer, body = ask(demo)
    assert json.loads(body)["error"]["message"]
    assert answer.status == 405


def test_named_parameters_and_version_2(demo: Client) -> None:
    request = {
        "jsonrpc": "2.0",
        "id": "x",
        "method": "get_default_context",
        "params": {"observatory": "jwst"},
    }
    _, body = ask(demo, "POST", data=json.dumps(request))
    assert set(json.loads(body)) == {"jsonrpc", "id", "result"}


def test_a_wrong_argument_is_named(demo: Client) -> None:
    answer = call(demo, "get_default_context", "hst")
    assert "hst" in answer["error"]["message"]
    answer = call(demo, "get_mapping_names", "../../etc/passwd")
    assert answer["result"] is None
    assert "etc/passwd&#x27; is not a context specification" in answer["error"]["message"]


def test_hostile_text_comes_back_escaped_once(demo: Client) -> None:
    answer = call(demo, "get_mapping_names", "<script>.pmap")
    assert "<script>" not in answer["error"]["message"]
    assert "&lt;script&gt;" in answer["error"]["message"]


def test_a_download_offers_ranges_and_the_sha1sum(demo: Client) -> None:
    path = "/unchecked_get/mappings/jwst/jwst_0001.pmap"
    whole = urllib.request.urlopen(demo.server.url + path)
    body = whole.read()
    assert int(whole.headers["Content-Length"]) == len(body)
    request = urllib.request.Request(demo.server.url + path, headers={"Range": "bytes=5-9"})
    part = urllib.request.urlopen(request)
    assert part.status == 206
    assert part.read() == body[5:10]
    head, _ = ask(demo, "HEAD", path=path)
    assert (head.status, head.headers["Content-Length"]) == (200, str(len(body)))


@pytest.mark.parametrize(
    "path", ["/", "/bestrefs/", "/no/such/place", "/bestrefs/results/?format=json&dataset=X"]
)
def test_head_is_answered_without_a_body(demo: Client, path: str) -> None:
    with demo.server.socket() as connection:
        connection.sendall(f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 ")
    assert body == b""


def test_affected_datasets_are_reported_as_not_computed(hst: Client) -> None:
    assert hst.crds("query_affected", "--list").status == 0
    done = hst.crds("query_affected", "-x", "0", "-y", "1", "-i")
    assert "Traceback" not in done.text
