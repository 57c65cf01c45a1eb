"""The fetching of single files: sums, continuation, and sources that are none."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from apps.catalog.crds_cache import FileFacts
from apps.core.errors import InvalidInputError
from apps.distribution import mirroring
from apps.distribution.mirroring import MirrorSourceError

CONTENT = b"0123456789" * 100
FACTS = FileFacts(len(CONTENT), hashlib.sha1(CONTENT, usedforsecurity=False).hexdigest())
NAME = "jwst_miri_dark_0001.fits"


class _Serves(BaseHTTPRequestHandler):
    """Serves one file with ranges, and counts the bytes."""

    content: ClassVar[bytes] = CONTENT
    sent: ClassVar[list[int]] = []

    def do_GET(self) -> None:
        if "references" not in self.path:
            self.send_error(404)
            return
        wanted = self.headers.get("Range", "bytes=0-")
        begin = int(wanted.removeprefix("bytes=").rstrip("-"))
        part = self.content[begin:]
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)
        self.sent.append(len(part))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def base() -> Iterator[str]:
    _Serves.sent.clear()
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
