"""GET and HEAD of a file's bytes."""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from apps.catalog import checksums, storage
from apps.catalog.models import File
from tests.distribution.conftest import Hold

FLAT = "jwst_miri_flat_0001.fits"
URL = f"/unchecked_get/references/jwst/{FLAT}"
BODY = b"0123456789"
SHA1 = hashlib.sha1(BODY, usedforsecurity=False).hexdigest()
ETAG = f'"{SHA1}"'


def get(url: str = URL, **headers: str) -> Any:
    """Return the response, its bytes read as `sent`."""
    response = Client().get(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    response.sent = b"".join(response.streaming_content) if response.streaming else response.content
    return response


def body(response: Any) -> bytes:
    return bytes(response.sent)


def test_a_file_is_sent_whole_with_its_length_and_its_checksum_as_etag(hold: Hold) -> None:
    hold()
    response = get()
    assert (response.status_code, body(response)) == (200, BODY)
    assert response["Content-Length"] == "10"
    assert response["ETag"] == ETAG
    assert response["Accept-Ranges"] == "bytes"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response["Content-Type"] == "application/octet-stream"
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "url",
    [
        "/unchecked_get/mappings/jwst/jwst_0001.pmap",
        "/get/mappings/jwst/jwst_0001.pmap",
        "/get/jwst_0001.pmap",
    ],
)
def test_a_mapping_has_its_own_folder_and_a_short_alias(hold: Hold, url: str) -> None:
    hold("jwst_0001.pmap", b"header = {}\r\n")
    assert body(get(url)) == b"header = {}\r\n"


def test_the_bytes_are_never_encoded_whatever_the_caller_accepts(hold: Hold) -> None:
    hold(content=b"x" * 100_000)
    response = get(accept_encoding="gzip, br, deflate, zstd")
    assert "Content-Encoding" not in response
    assert body(response) == b"x" * 100_000


def test_an_empty_file_is_sent(hold: Hold) -> None:
    hold(content=b"")
    response = get()
    assert (response["Content-Length"], body(response)) == ("0", b"")


def test_head_is_200_with_the_length_and_no_body(hold: Hold) -> None:
    hold()
    response = Client().head(URL, headers={"accept-encoding": "gzip", "range": "bytes=0-1"})
    assert (response.status_code, response["Content-Length"], response.content) == (200, "10", b"")
    assert response["ETag"] == ETAG


@pytest.mark.parametrize("verb", ["post", "put", "delete", "patch"])
def test_nothing_can_be_written_here(hold: Hold, verb: str) -> None:
    hold()
    assert getattr(Client(), verb)(URL).status_code == 405


# Conditions.


@pytest.mark.parametrize("tag", [ETAG, f"W/{ETAG}", "*", f'"other", {ETAG}'])
def test_who_has_the_bytes_gets_304_and_keeps_them(hold: Hold, tag: str) -> None:
    hold()
    response = get(if_none_match=tag)
    assert (response.status_code, response.content) == (304, b"")
    assert (response["ETag"], response["Cache-Control"]) == (ETAG, "public, max-age=31536000, immutable")


def test_who_has_other_bytes_gets_these(hold: Hold) -> None:
    hold()
    assert body(get(if_none_match='"other"')) == BODY


def test_a_date_condition_is_honoured(hold: Hold) -> None:
    hold()
    modified = get()["Last-Modified"]
    assert get(if_modified_since=modified).status_code == 304
    assert get(if_modified_since="Mon, 01 Jan 1990 00:00:00 GMT").status_code == 200
    assert get(if_unmodified_since="Mon, 01 Jan 1990 00:00:00 GMT").status_code == 412
    assert get(if_match='"other"').status_code == 412


# Ranges.


def test_a_range_is_answered_206_with_its_place(hold: Hold) -> None:
    hold()
    response = get(range="bytes=2-4")
    assert (response.status_code, body(response)) == (206, b"234")
    assert (response["Content-Range"], response["Content-Length"]) == ("bytes 2-4/10", "3")
    assert response["ETag"] == ETAG


def test_several_ranges_get_the_whole_file(hold: Hold) -> None:
    hold()
    response = get(range="bytes=0-1,4-5")
    assert (response.status_code, body(response)) == (200, BODY)
    assert "Content-Range" not in response


def test_a_range_behind_the_end_is_416_with_the_size(hold: Hold) -> None:
    hold()
    response = get(range="bytes=10-")
    assert (response.status_code, response["Content-Range"]) == (416, "bytes */10")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (ETAG, b"23"),
        (f"W/{ETAG}", BODY),
        ('"other"', BODY),
        ("Mon, 01 Jan 1990 00:00:00 GMT", BODY),
        ("", BODY),
    ],
)
def test_if_range_takes_the_part_only_from_the_same_bytes(
    hold: Hold, condition: str, expected: bytes
) -> None:
    hold()
    assert body(get(range="bytes=2-3", if_range=condition)) == expected


def test_if_range_takes_the_exact_date(hold: Hold) -> None:
    hold()
    assert body(get(range="bytes=2-3", if_range=get()["Last-Modified"])) == b"23"


@given(first=st.integers(0, 5000), last=st.integers(0, 5000))
@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_range_is_the_slice_of_the_bytes(hold: Hold, first: int, last: int) -> None:
    content = bytes(index % 251 for index in range(4000))
    if not File.objects.exists():
        hold(content=content)
    response = get(range=f"bytes={first}-{last}")
    if last < first:
        assert (response.status_code, body(response)) == (200, content)
    elif first >= len(content):
        assert response.status_code == 416
    else:
        assert (response.status_code, body(response)) == (206, content[first : last + 1])
        assert int(response["Content-Length"]) == len(content[first : last + 1])


# Files that are not sent.


def refused(response: Any, status: int, *words: str) -> None:
    assert response.status_code == status
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["Cache-Control"] == "no-store"
    assert not response.streaming
    for word in words:
        assert word in response.content.decode()


def test_an_unknown_file_is_404(db: None) -> None:
    refused(get(), 404, FLAT, "not known")
    assert Client().head(URL).status_code == 404


def test_a_file_known_but_not_held_is_404_with_a_text_that_says_so(db: None) -> None:
    File.objects.create(name=FLAT, kind="reference", observatory="jwst", size=10, sha1sum=SHA1)
    refused(get(), 404, FLAT, "is catalogued", "does not hold")
    assert Client().head(URL).status_code == 404


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"/unchecked_get/references/hst/{FLAT}", ("serves jwst", "'hst'")),
        (f"/unchecked_get/mappings/jwst/{FLAT}", ("is a reference", "below references/")),
    ],
)
def test_a_wrong_folder_is_404_and_says_why(hold: Hold, url: str, words: tuple[str, ...]) -> None:
    hold()
    refused(get(url), 404, *words)


def flip_a_byte(path: Path) -> None:
    times = path.stat()
    path.chmod(0o600)
    with path.open("r+b") as stream:
        stream.seek(5)
        stream.write(b"X")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.parametrize("is_warm", [False, True])
def test_a_changed_byte_is_never_sent(hold: Hold, is_warm: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums, "TICK", -1.0)  # Remember at once.
    hold()
    if is_warm:
        assert body(get()) == BODY
    flip_a_byte(storage.reference_path(FLAT))
    for headers in ({}, {"range": "bytes=0-1"}):
        response = get(**headers)
        refused(response, 500, FLAT, SHA1, "was expected")
        assert b"0123" not in response.content


@pytest.mark.parametrize("change", ["truncate", "grow", "remove"])
def test_a_file_of_another_size_is_never_sent(hold: Hold, change: str) -> None:
    hold()
    assert body(get()) == BODY
    path = storage.reference_path(FLAT)
    path.chmod(0o600)
    if change == "remove":
        path.unlink()
    else:
        os.truncate(path, 5 if change == "truncate" else 20)
    refused(get(), 500, FLAT)
    assert Client().head(URL).status_code == 500


def test_a_damaged_file_is_named_in_the_log(hold: Hold, caplog: pytest.LogCaptureFixture) -> None:
    hold()
    storage.reference_path(FLAT).unlink()
    get()
    assert FLAT in caplog.text


HOSTILE = [
    "..",
    "%2e%2e",
    "../../secret_key",
    "..%2f..%2fsecret_key",
    "..%2F..%2Fsecret_key",
    "%2e%2e%2f%2e%2e%2fsecret_key",
    "..%5c..%5csecret_key",
    "%252e%252e%252fsecret_key",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    ".hidden",
    "",
    "%00",
    "jwst_miri_flat_0001.fits%00.pmap",
    "jwst_miri_flat_0001.fits%0d%0aX-Evil: 1",
    "jwst_miri_flat_0001.fits/",
    "a" * 5000,
    "%ff%fe",
    "%ed%a0%80",
    "<script>alert(1)</script>",
    "'; DROP TABLE catalog_file; --",
    "\u202e",
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(
    "prefix",
    [
        "/unchecked_get/references/jwst/",
        "/unchecked_get/mappings/jwst/",
        "/unchecked_get/config/jwst/",
        "/unchecked_get/pickles/jwst/",
        "/unchecked_get/references/",
        "/unchecked_get/",
        "/get/references/jwst/",
        "/get/",
    ],
)
def test_a_hostile_name_is_404_in_plain_text(hold: Hold, data_root: Path, prefix: str, name: str) -> None:
    hold()
    (data_root / "secret_key").write_text("hush")
    response = get(prefix + name)
    refused(response, 404)
    assert b"hush" not in response.content
    assert "X-Evil" not in response
    assert len(response.content) < 500


def test_pickles_and_other_addresses_name_the_published_addresses(db: None) -> None:
    refused(get("/unchecked_get/pickles/jwst/jwst_0001.pmap.pkl"), 404, "no pickled contexts")
    refused(get("/unchecked_get/pickle/jwst/jwst_0001.pmap.pkl"), 404, "no pickled contexts")
    refused(get("/unchecked_get"), 404, "/unchecked_get/mappings/jwst/<name>")


# Behind nginx.


def test_behind_nginx_only_the_header_is_sent(hold: Hold, settings: Any) -> None:
    hold()
    settings.X_ACCEL_PREFIX = "/store"
    response = get(range="bytes=1-2")
    assert (response.status_code, response.content) == (200, b"")
    assert response["X-Accel-Redirect"] == f"/store/references/jwst/{FLAT}"
    assert response["ETag"] == ETAG


def test_behind_nginx_damaged_bytes_are_refused_too(hold: Hold, settings: Any) -> None:
    hold()
    settings.X_ACCEL_PREFIX = "/store"
    flip_a_byte(storage.reference_path(FLAT))
    response = get()
    refused(response, 500, FLAT)
    assert "X-Accel-Redirect" not in response
