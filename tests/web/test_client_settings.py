"""The doctor for users of the client, against a server of the thread of the test and against none."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from apps.rpc import dispatcher
from apps.web import client_settings


class _Answers(BaseHTTPRequestHandler):
    """Answers calls as our server does, with two results of its own."""

    def do_POST(self) -> None:
        call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/json/":
            self.send_error(404)
            return
        content = self._content(call)
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _content(self, call: dict[str, object]) -> bytes:
        if call["method"] == "get_server_info":
            return json.dumps({"error": None, "result": {"observatory": "roman"}}).encode()
        if call["params"] == ["roman-latest", "roman"]:
            return json.dumps({"error": None, "result": "roman_0007.pmap"}).encode()
        return dispatcher.failure(ValueError("no such context"))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def check(tmp_path: Path, **variables: str) -> dict[str, client_settings.Advice]:
    given = {"CRDS_PATH": str(tmp_path / "cache")} | variables
    return {advice.name: advice for advice in client_settings.check(given)}


def test_good_settings_get_no_complaint(url: str, tmp_path: Path) -> None:
    found = check(
        tmp_path,
        CRDS_SERVER_URL=url + "/",
        CRDS_OBSERVATORY="roman",
        CRDS_CONTEXT="roman-latest",
        CRDS_CLIENT_VERSION="14.0.3",
    )
    assert [str(advice) for advice in found.values() if not advice.is_ok] == []
    assert found["CRDS_CONTEXT"].text == "roman-latest means roman_0007.pmap"


def test_an_observatory_that_the_client_would_guess_wrongly_is_named(url: str, tmp_path: Path) -> None:
    found = check(tmp_path, CRDS_SERVER_URL=url)["CRDS_OBSERVATORY"]
    assert not found.is_ok
    assert found.text.endswith("export CRDS_OBSERVATORY=roman")
    wrong = check(tmp_path, CRDS_SERVER_URL=url, CRDS_OBSERVATORY="hst")["CRDS_OBSERVATORY"]
    assert "serves roman; export CRDS_OBSERVATORY=roman" in wrong.text


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "it is empty"),
        ("crds.example.org", "write https://"),
        ("file:///etc/passwd", "write https://"),
        ("http://127.0.0.1:9", "cannot be reached"),
    ],
)
def test_an_address_that_is_none_is_explained(address: str, words: str, tmp_path: Path) -> None:
    found = check(tmp_path, CRDS_SERVER_URL=address)
    assert words in found["CRDS_SERVER_URL"].text
    assert "CRDS_CONTEXT" not in found


def test_a_missing_path_in_the_address_is_suspected(url: str, tmp_path: Path) -> None:
    assert "answers 404" in check(tmp_path, CRDS_SERVER_URL=f"{url}/other")["CRDS_SERVER_URL"].text


def test_a_path_that_the_client_cannot_use_is_found(url: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert "is a file" in check(tmp_path, CRDS_PATH=str(tmp_path / "file" / "below"))["CRDS_PATH"].text
    assert "does not expand ~" in check(tmp_path, CRDS_PATH="~/crds")["CRDS_PATH"].text


def test_unknown_contexts_and_old_clients_are_found(url: str, tmp_path: Path) -> None:
    found = check(tmp_path, CRDS_SERVER_URL=url, CRDS_CONTEXT="roman_9999.pmap", CRDS_CLIENT_VERSION="10.3.1")
    assert "is not known to" in found["CRDS_CONTEXT"].text
    assert "older than" in found["crds"].text
    bad = check(tmp_path, CRDS_SERVER_URL=url, CRDS_CONTEXT="latest; rm")["CRDS_CONTEXT"]
    assert "is neither like" in bad.text
