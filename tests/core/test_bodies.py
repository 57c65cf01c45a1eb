"""Bodies of unknown length and in unknown codings, through the real web server."""

import gzip
import http.client
import json
import socket
from collections.abc import Iterator

import pytest

from tests.bench.web_server import WebServer, environment_for, request, web_server
from tests.roots import manage

LIMIT = 100_000  # bytes of one call of JSON-RPC
QUOTA = 3_000_000  # bytes of one person's uploads
FORM_LIMIT = 2_621_440  # bytes, Django's own for forms
CALL = request("system.describe")
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=limit"
CREATE = """
from apps.accounts.operations import create_account, create_token
user = create_account("homer", role="submitter", password="correct horse battery", by="test")
print(create_token(user, name="test", scopes=[])[1])
"""


@pytest.fixture(scope="module")
def token_and_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, WebServer]]:
    environment = environment_for(
        "jwst",
        tmp_path_factory.mktemp("bodies"),
        RPC_BODY_LIMIT=str(LIMIT),
        INGEST_QUOTA_BYTES=str(QUOTA),
        INGEST_RESERVE_BYTES="1",
    )
    token = manage(environment, "shell", "--verbosity", "0", "--command", CREATE).strip().splitlines()[-1]
    with web_server(environment) as running:
        yield token, running


@pytest.fixture
def server(token_and_server: tuple[str, WebServer]) -> WebServer:
    return token_and_server[1]


@pytest.fixture
def bearer(token_and_server: tuple[str, WebServer]) -> dict[str, str]:
    return {"Authorization": f"Bearer {token_and_server[0]}"}


@pytest.fixture
def csrf(server: WebServer) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", "/login/", headers={"Host": f"localhost:{server.port}"})
    cookie = connection.getresponse().headers["Set-Cookie"]
    connection.close()
    return cookie.partition("csrftoken=")[2].partition(";")[0]


def chunks(body: bytes, size: int = 1000) -> bytes:
    """Return a body as ``Transfer-Encoding: chunked`` writes it."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def send(server: WebServer, path: str, raw: bytes, **headers: str) -> tuple[int, str, str]:
    """Send a request to the letter, and return status, content type and text of its answer."""
    lines = [f"POST {path} HTTP/1.1", f"Host: localhost:{server.port}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        try:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
        except OSError:  # It may answer before it has read everything.
            pass
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.getheader("Content-Type", ""), answer.read().decode()


def send_chunked(server: WebServer, path: str, body: bytes, **headers: str) -> tuple[int, str, str]:
    return send(server, path, chunks(body), Transfer_Encoding="chunked", **headers)


def upload(content: bytes, name: str = "a.fits") -> bytes:
    head = f'--limit\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    return head.encode() + content + b"\r\n--limit--\r\n"


def test_a_call_is_read(server: WebServer) -> None:
    status, _, text = send_chunked(server, "/json/", CALL, Content_Type=URLENCODED)
    assert status == 200
    assert json.loads(text)["error"] is None


@pytest.mark.parametrize(("excess", "is_read"), [(0, True), (1, False)])
def test_a_call_has_the_limit_that_it_has_with_a_length(
    server: WebServer, excess: int, is_read: bool
) -> None:
    body = CALL + b" " * (LIMIT - len(CALL) + excess)
    for status, _, text in (
        send_chunked(server, "/json/", body),
        send(server, "/json/", body, Content_Length=str(len(body))),
    ):
        assert status == 200  # The client would discard the text of every other answer.
        assert (json.loads(text)["error"] is None) == is_read
        assert is_read or f"larger than {LIMIT} bytes" in text


BROKEN = {
    "no number": b"zz\r\n" + CALL + b"\r\n0\r\n\r\n",
    "more bytes than the number": b"5\r\n" + CALL + b"\r\n0\r\n\r\n",
    "end inside a chunk": b"%x\r\n%b" % (len(CALL) + 10, CALL),
    "no last chunk": b"%x\r\n%b\r\n" % (len(CALL), CALL),
}


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN)
def test_broken_chunks_are_told_in_the_envelope(server: WebServer, raw: bytes) -> None:
    status, _, text = send(server, "/json/", raw, Transfer_Encoding="chunked")
    assert status == 200
    assert "its chunks are malformed" in json.loads(text)["error"]["message"]


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN)
def test_broken_chunks_of_a_form_are_a_bad_request(server: WebServer, csrf: str, raw: bytes) -> None:
    headers = {"Content_Type": URLENCODED, "Cookie": f"csrftoken={csrf}"}
    status, _, text = send(server, "/login/", raw, Transfer_Encoding="chunked", **headers)
    assert status == 400
    assert "its chunks are malformed" in text


@pytest.mark.parametrize("kind", [URLENCODED, MULTIPART])
def test_a_login_is_read(server: WebServer, csrf: str, kind: str) -> None:
    fields = {
        "csrfmiddlewaretoken": csrf,
        "username": "homer",
        "password": "correct horse battery",
        "instrument": "none",
    }
    body = "&".join(f"{name}={value}".replace(" ", "+") for name, value in fields.items())
    if kind == MULTIPART:
        head = '--limit\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
        body = "".join(head.format(name, value) for name, value in fields.items()) + "--limit--\r\n"
    status, _, _ = send_chunked(
        server, "/login/", body.encode(), Content_Type=kind, Cookie=f"csrftoken={csrf}"
    )
    assert status == 302


@pytest.mark.parametrize("way", ["chunked", "with a length"])
def test_a_form_that_is_too_large_is_refused(server: WebServer, csrf: str, way: str) -> None:
    body = f"csrfmiddlewaretoken={csrf}&username=".encode() + b"x" * FORM_LIMIT
    headers = {"Content_Type": URLENCODED, "Cookie": f"csrftoken={csrf}"}
    if way == "chunked":
        status, _, text = send_chunked(server, "/login/", body, **headers)
    else:
        status, _, text = send(server, "/login/", body, Content_Length=str(len(body)), **headers)
    assert status == 413
    assert "too large" in text


@pytest.mark.parametrize("way", ["chunked", "with a length"])
def test_a_file_that_no_page_asked_for_is_refused(server: WebServer, csrf: str, way: str) -> None:
    body = upload(b"x" * FORM_LIMIT)
    headers = {"Content_Type": MULTIPART, "Cookie": f"csrftoken={csrf}"}
    if way == "chunked":
        status, _, text = send_chunked(server, "/login/", body, **headers)
    else:
        status, _, text = send(server, "/login/", body, Content_Length=str(len(body)), **headers)
    assert status == 413
    assert "too large" in text


def test_an_upload_is_read(server: WebServer, bearer: dict[str, str]) -> None:
    content = b"SIMPLE" * 100_000
    status, _, text = send_chunked(
        server, "/upload/chunked/", upload(content), Content_Type=MULTIPART, **bearer
    )
    assert (status, json.loads(text)["files"][0]["size"]) == (200, len(content))


@pytest.mark.parametrize("way", ["chunked", "with a length"])
def test_an_upload_beyond_the_quota_is_refused(server: WebServer, bearer: dict[str, str], way: str) -> None:
    body = upload(b"x" * (QUOTA + 1), "big.fits")
    if way == "chunked":
        status, kind, text = send_chunked(server, "/upload/chunked/", body, Content_Type=MULTIPART, **bearer)
    else:
        length = str(len(body))
        headers = {"Content_Type": MULTIPART, "Content_Length": length, **bearer}
        status, kind, text = send(server, "/upload/chunked/", body, **headers)
    assert (status, kind) == (413, "application/json")
    assert "are free" in json.loads(text)["files"][0]["error"]


def test_an_upload_that_ends_early_is_a_bad_request(server: WebServer, bearer: dict[str, str]) -> None:
    raw = chunks(upload(b"x" * 5000))[:3000]
    status, kind, text = send(
        server, "/upload/chunked/", raw, Transfer_Encoding="chunked", Content_Type=MULTIPART, **bearer
    )
    assert (status, kind) == (400, "application/json")
    assert "its chunks are malformed" in json.loads(text)["error"]


@pytest.mark.parametrize(
    ("body", "headers", "words"),
    [
        (gzip.compress(CALL), {"Content_Encoding": "gzip"}, "Content-Encoding: gzip"),
        (gzip.compress(CALL), {}, "compressed by gzip"),
        (CALL.decode().encode("utf-16"), {}, "UTF-16"),
        (CALL.replace(b"bench", b"b\xe9nch"), {}, "not in UTF-8, as JSON must be: byte 0xe9"),
    ],
    ids=["coded", "compressed", "utf-16", "latin-1"],
)
def test_a_call_in_another_coding_is_told_which(
    server: WebServer, body: bytes, headers: dict[str, str], words: str
) -> None:
    status, _, text = send(server, "/json/", body, Content_Length=str(len(body)), **headers)
    assert status == 200
    assert words in json.loads(text)["error"]["message"]


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Content_Type": URLENCODED, "Content_Encoding": "br"}, "Content-Encoding: br"),
        ({"Content_Type": f"{URLENCODED}; charset=latin-1"}, "charset latin-1"),
        ({"Content_Type": f"{MULTIPART}; charset=klingon"}, "charset klingon"),
    ],
)
def test_a_form_in_another_coding_is_told_which(
    server: WebServer, headers: dict[str, str], words: str
) -> None:
    status, _, text = send(server, "/login/", b"a=b", Content_Length="3", **headers)
    assert status == 415
    assert words in text


def test_an_upload_in_another_coding_is_told_in_json(server: WebServer, bearer: dict[str, str]) -> None:
    headers = {"Content_Type": MULTIPART, "Content_Encoding": "gzip", **bearer}
    status, kind, text = send(server, "/upload/chunked/", b"abc", Content_Length="3", **headers)
    assert (status, kind) == (415, "application/json")
    assert "Content-Encoding: gzip" in json.loads(text)["error"]
