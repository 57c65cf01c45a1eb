"""The fetching of single files: sums, continuation, and sources that are none."""

import hashlib
import io
import threading
from collections.abc import Iterator
from http.client import HTTPMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.request import Request

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connections

from apps.catalog.crds_cache import FileFacts
from apps.catalog.errors import BadCacheError
from apps.core.bucket import BucketError
from apps.core.errors import InvalidInputError
from apps.distribution import mirroring
from apps.distribution.management.commands import mirror
from apps.distribution.mirroring import MirrorSourceError

CONTENT = b"0123456789" * 100
FACTS = FileFacts(len(CONTENT), hashlib.sha1(CONTENT, usedforsecurity=False).hexdigest())
NAME = "jwst_miri_dark_0001.fits"


class _Serves(BaseHTTPRequestHandler):
    """Serves one file with ranges, and counts the bytes; or `raw`, whatever it is."""

    content: ClassVar[bytes] = CONTENT
    raw: ClassVar[list[bytes]] = []
    sent: ClassVar[list[int]] = []

    def do_GET(self) -> None:
        if self.raw:
            self.wfile.write(self.raw[0])
            return
        if "references" not in self.path:
            self.send_error(404)
            return
        wanted = self.headers.get("Range", "bytes=0-")
        begin = int(wanted.removeprefix("bytes=").rstrip("-"))
        part = self.content[begin:]
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.sent.append(len(part))  # First, because the client does not wait for the end.
        self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def base() -> Iterator[str]:
    _Serves.sent.clear()
    _Serves.raw.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Serves) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def place(root: Path, name: str = NAME) -> Path:
    return root / "references" / "jwst" / name


def test_a_file_is_fetched_once(base: str, tmp_path: Path) -> None:
    assert mirroring._fetch(base, tmp_path, NAME, FACTS) == 1000
    assert place(tmp_path).read_bytes() == CONTENT
    assert mirroring._fetch(base, tmp_path, NAME, FACTS) == 0
    assert _Serves.sent == [1000]


def test_a_file_that_was_begun_goes_on(base: str, tmp_path: Path) -> None:
    part = place(tmp_path, f".{NAME}.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT[:700])
    mirroring._fetch(base, tmp_path, NAME, FACTS)
    assert place(tmp_path).read_bytes() == CONTENT
    assert _Serves.sent == [300]


def test_wrong_bytes_are_thrown_away(base: str, tmp_path: Path) -> None:
    part = place(tmp_path, f".{NAME}.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 700)
    with pytest.raises(MirrorSourceError, match="it arrived with sha1sum"):
        mirroring._fetch(base, tmp_path, NAME, FACTS)
    assert not place(tmp_path).exists()
    assert not part.exists()
    mirroring._fetch(base, tmp_path, NAME, FACTS)
    assert place(tmp_path).read_bytes() == CONTENT


def test_no_more_than_the_described_size_is_written(base: str, tmp_path: Path) -> None:
    short = FileFacts(400, FACTS.sha1sum)
    with pytest.raises(MirrorSourceError, match="it has more than the 400 bytes of its description"):
        mirroring._fetch(base, tmp_path, NAME, short)
    assert not list(place(tmp_path).parent.iterdir())


@pytest.mark.parametrize("facts", [FileFacts(), FileFacts(1000), FileFacts(None, FACTS.sha1sum)])
def test_a_file_without_size_and_sum_is_not_asked_for(base: str, tmp_path: Path, facts: FileFacts) -> None:
    with pytest.raises(MirrorSourceError, match="the description gives no size and sum for it"):
        mirroring._fetch(base, tmp_path, NAME, facts)
    assert _Serves.sent == []


def test_a_file_without_bytes_is_fetched(base: str, tmp_path: Path) -> None:
    empty = FileFacts(0, hashlib.sha1(b"", usedforsecurity=False).hexdigest())
    assert mirroring._fetch(base, tmp_path, NAME, empty) == 0
    assert place(tmp_path).read_bytes() == b""


def test_a_file_that_ends_early_goes_on_in_the_next_round(base: str, tmp_path: Path) -> None:
    _Serves.raw.append(b"HTTP/1.0 200 OK\r\nContent-Length: 1000\r\n\r\n" + CONTENT[:600])
    with pytest.raises(MirrorSourceError, match="it ended after 600 of 1000 bytes"):
        mirroring._fetch(base, tmp_path, NAME, FACTS)
    _Serves.raw.clear()
    mirroring._fetch(base, tmp_path, NAME, FACTS)
    assert _Serves.sent == [400]


@pytest.mark.parametrize(
    ("asked", "leads_to", "is_followed"),
    [
        ("https", "https", True),
        ("http", "https", True),
        ("http", "http", True),
        ("https", "http", False),
        ("https", "ftp", False),
        ("http", "ftp", False),
    ],
)
def test_redirects_never_lead_to_a_weaker_scheme(asked: str, leads_to: str, is_followed: bool) -> None:
    body = io.BytesIO()

    def follow() -> Any:
        request = Request(f"{asked}://first.example/a")
        return mirroring._SafeRedirects().redirect_request(
            request, body, 302, "Found", HTTPMessage(), f"{leads_to}://second.example/a"
        )

    if is_followed:
        assert follow().type == leads_to
        return
    with pytest.raises(MirrorSourceError, match=f"leads to '{leads_to}://second.example/a'"):
        follow()
    assert body.closed


def test_a_source_that_leads_to_another_scheme_is_refused(base: str) -> None:
    _Serves.raw.append(b"HTTP/1.0 302 Found\r\nLocation: ftp://127.0.0.1:9/a\r\n\r\n")
    with pytest.raises(MirrorSourceError, match="leads to 'ftp:"):
        mirroring.mirror_once(base, complain=print)


NOT_HTTP = b"SSH-2.0-OpenSSH_9.2\r\n\r\n"
CUT_OFF = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nshort"
BAD_REDIRECT = b"HTTP/1.0 302 Found\r\nLocation: http://[/\r\n\r\n"


@pytest.mark.parametrize("raw", [NOT_HTTP, CUT_OFF, BAD_REDIRECT], ids=["not HTTP", "cut off", "redirect"])
def test_an_answer_that_is_not_http_is_no_description(base: str, raw: bytes) -> None:
    _Serves.raw.append(raw)
    with pytest.raises(MirrorSourceError, match="does not answer"):
        mirroring._description(base)
    if raw != CUT_OFF:  # Its first line is right.
        with pytest.raises(MirrorSourceError, match="does not answer"):
            mirroring._base(base)


@pytest.mark.parametrize("raw", [NOT_HTTP, CUT_OFF], ids=["not HTTP", "cut off"])
def test_an_answer_that_is_not_http_counts_as_a_failed_file(base: str, tmp_path: Path, raw: bytes) -> None:
    _Serves.raw.append(raw)
    told: list[str] = []
    done = mirroring._fetch_all(base, tmp_path, {NAME: FACTS}, told.append)
    assert (done.fetched, done.failed) == (0, 1)
    assert told[0].startswith(f"{NAME}: ")


class EndedError(Exception):
    """Somebody ends the command."""


@pytest.mark.parametrize(
    "problem",
    [
        BadCacheError("damaged"),
        InvalidInputError("damaged"),
        BucketError("damaged"),
        DatabaseError("damaged"),
        OSError("damaged"),
    ],
)
def test_a_repeated_mirror_survives_a_bad_round(
    problem: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[str] = []

    def fail(*_: Any, **__: Any) -> Any:
        seen.append("round")
        raise problem

    def sleep(_seconds: int) -> None:
        if seen.count("round") == 2:
            raise EndedError

    monkeypatch.setattr(mirror, "mirror_once", fail)
    monkeypatch.setattr(mirror.time, "sleep", sleep)
    monkeypatch.setattr(connections, "close_all", lambda: seen.append("closed"))
    with pytest.raises(EndedError):
        call_command("mirror", "http://first.example", every=1)
    assert seen == ["round", "closed", "round", "closed"]
    assert capsys.readouterr().err.count("damaged") == 2


@pytest.mark.parametrize("url", ["file:///etc", "crds.example.org", "", "ftp://host"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(InvalidInputError, match="is not an address"):
        mirroring.mirror_once(url, complain=print)


def test_a_web_server_without_a_description_is_no_source(base: str) -> None:
    with pytest.raises(MirrorSourceError, match="has no description of jwst"):
        mirroring.mirror_once(base, complain=print)
    with pytest.raises(MirrorSourceError, match="does not answer"):
        mirroring.mirror_once("http://127.0.0.1:9", complain=print)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"{'observatory': 'hst'}", "serves 'hst', and this one jwst"),
        (b"__import__('os').system('x')", "cannot be read as a Python literal"),
        (b"[1, 2]", "serves 'list'"),
        (b"{[]: 1}", "cannot be read as a Python literal"),
    ],
)
def test_a_description_is_data_of_our_observatory(text: bytes, words: str) -> None:
    with pytest.raises(MirrorSourceError, match=words.replace("(", r"\(")):
        mirroring._catalog(text)


def test_descriptions_are_compared_without_their_times() -> None:
    first = b"{'a': 1,\n 'last_synced': 'x',\n 'updated': 'y'}\n"
    second = first.replace(b"'x'", b"'z'")
    assert mirroring._without_times(first) == mirroring._without_times(second)
    assert mirroring._without_times(first) != mirroring._without_times(first.replace(b"1", b"2"))
