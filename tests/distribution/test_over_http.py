"""Downloads through the real web server: sendfile, HEAD and bodies on the wire."""

import http.client
import json
import random
from collections.abc import Iterator

import pytest

from tests.bench.web_server import WebServer, environment_for, web_server
from tests.roots import manage

NAME = "jwst_miri_flat_0001.fits"
URL = f"/unchecked_get/references/jwst/{NAME}"
LIMIT = 100_000
CONTENT = random.Random(1).randbytes(3_000_001)
ADD = (
    "from pathlib import Path; from apps.catalog.operations import add_file; "
    "add_file(Path({!r}), name={!r}, user='test')"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    root = tmp_path_factory.mktemp("http")
    (root / "source").write_bytes(CONTENT)
    environment = environment_for("jwst", root, RPC_BODY_LIMIT=str(LIMIT))
    manage(environment, "shell", "--verbosity", "0", "--command", ADD.format(str(root / "source"), NAME))
    with web_server(environment) as running:
        yield running


@pytest.fixture
def connection(server: WebServer) -> Iterator[http.client.HTTPConnection]:
    opened = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    yield opened
    opened.close()


def test_parts_and_wholes_follow_each_other_on_one_connection(connection: http.client.HTTPConnection) -> None:
    size = len(CONTENT)
    for header, expected in (
        ("bytes=0-9", CONTENT[:10]),
        ("bytes=1000000-1999999", CONTENT[1_000_000:2_000_000]),
        ("", CONTENT),
        ("bytes=-1", CONTENT[-1:]),
        (f"bytes={size - 5}-", CONTENT[-5:]),
        ("bytes=5-5", CONTENT[5:6]),
    ):
        connection.request("GET", URL, headers={"Range": header} if header else {})
        response = connection.getresponse()
        assert response.status == (206 if header else 200)
        assert response.headers["Content-Length"] == str(len(expected))
        assert response.headers.get("Transfer-Encoding") is None
        assert response.read() == expected


def test_head_gives_the_length_and_leaves_the_connection_usable(
    connection: http.client.HTTPConnection,
) -> None:
    for path, status, length in ((URL, 200, str(len(CONTENT))), (URL + "x", 404, None)) * 2:
        connection.request("HEAD", path, headers={"Accept-Encoding": "gzip, deflate"})
        response = connection.getresponse()
        assert response.read() == b""
        assert response.status == status
        if length:
            assert response.headers["Content-Length"] == length


def test_a_body_above_the_limit_is_read_to_its_end_and_refused_with_the_reason(
    connection: http.client.HTTPConnection,
) -> None:
    connection.request("POST", "/json/", b"x" * (5 * LIMIT))
    response = connection.getresponse()
    assert response.status == 200
    assert str(LIMIT) in json.loads(response.read())["error"]["message"]


def test_a_body_without_length_is_read(connection: http.client.HTTPConnection) -> None:
    connection.request("POST", "/json/", iter([b'{"method":', b'"system.describe"}']), encode_chunked=True)
    response = connection.getresponse()
    assert response.status == 200
    assert json.loads(response.read())["error"] is None
