"""The ingest area: pieces, names, limits, deletion, and answers to hostile requests."""

import fcntl
import hashlib
import io
import json
import os
import random
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory
from django.utils import timezone

from apps.submissions.errors import UploadGapError
from apps.submissions.models import IngestFile
from apps.submissions.uploads import ingest_area, running_checksum
from apps.submissions.uploads.handler import Arrival, Range, UploadHandler
from tests.factories.accounts import logged_in, make_user

pytestmark = pytest.mark.django_db

CHUNKED = "/upload/chunked/"
NAME = "jwst_flat.fits"
PIECE = 1000
BOUNDARY = "BoUnDaRy"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
CONTENT = random.Random(1).randbytes(3500)


@pytest.fixture
def browser() -> Client:
    return logged_in()


def sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def body_of(token: str, name: str, data: bytes) -> bytes:
    """Return a form with a file of exactly this name; the test client of Django would correct the name."""
    return (
        (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{token}\r\n'
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
        ).encode()
        + data
        + f"\r\n--{BOUNDARY}--\r\n".encode()
    )


def send(
    browser: Client, data: bytes, first: int | None = None, total: int | None = None, name: str = NAME
) -> Any:
    """Send a file, or a piece of one, as the client does."""
    token = browser.get(CHUNKED).cookies["csrftoken"].value
    headers = {}
    if first is not None:
        headers["Content-Range"] = f"bytes {first}-{first + len(data) - 1}/{total or len(CONTENT)}"
    return browser.post(CHUNKED, body_of(token, name, data), content_type=FORM, headers=headers)


def named(name: str, data: bytes) -> SimpleUploadedFile:
    """Return a file whose name is sent unchanged, even an invalid one."""
    file = SimpleUploadedFile("x", data)
    file._name = name
    return file


def send_pieces(browser: Client, content: bytes = CONTENT) -> list[Any]:
    firsts = range(0, len(content), PIECE)
    return [send(browser, content[first : first + PIECE], first, len(content)) for first in firsts]


def listed(browser: Client) -> dict[str, int]:
    return {item["name"]: item["size"] for item in browser.get("/upload/list/").json()["files"]}


def files_below_ingest() -> set[str]:
    root = django_settings.DATA_ROOT / "ingest"
    return {str(path.relative_to(root).as_posix()) for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("size", [0, 1, 3500])
def test_a_file_is_stored_to_the_byte_with_its_sha1sum(browser: Client, size: int) -> None:
    response = send(browser, CONTENT[:size])
    assert response.status_code == 200, response.content
    row = IngestFile.objects.get()
    assert ingest_area.path_of(row.owner_id, NAME).read_bytes() == CONTENT[:size]
    assert row.sha1sum == sha1(CONTENT[:size])
    assert (row.size, row.owner.username) == (size, "homer")
    assert listed(browser) == {NAME: size}


def test_pieces_become_the_file_and_each_answer_carries_the_next_token(browser: Client) -> None:
    for first in range(0, len(CONTENT), PIECE):
        assert listed(browser) == {}, "only complete files are listed"
        response = send(browser, CONTENT[first : first + PIECE], first)
        assert response.status_code == 200, response.content
        assert response.cookies["csrftoken"].value
    assert listed(browser) == {NAME: 3500}
    row = IngestFile.objects.get()
    assert ingest_area.path_of(row.owner_id, NAME).read_bytes() == CONTENT
    assert row.sha1sum == sha1(CONTENT)
    assert files_below_ingest() == {f"{row.owner_id}/{NAME}"}


def test_a_file_of_one_piece_with_a_range_is_complete(browser: Client) -> None:
    assert send(browser, CONTENT, 0).status_code == 200
    assert listed(browser) == {NAME: 3500}


@pytest.mark.parametrize("first", [1000, 2000, 3000])
def test_a_piece_may_come_twice(browser: Client, first: int) -> None:
    for start in range(0, first + 1, PIECE):
        send(browser, CONTENT[start : start + PIECE], start)
    assert send(browser, CONTENT[first : first + PIECE], first).status_code == 200
    for start in range(first + PIECE, 3500, PIECE):
        send(browser, CONTENT[start : start + PIECE], start)
    row = IngestFile.objects.get()
    assert ingest_area.path_of(row.owner_id, NAME).read_bytes() == CONTENT


@pytest.mark.parametrize("complete", [False, True])
def test_other_bytes_at_the_same_place_are_refused_and_change_nothing(
    browser: Client, complete: bool
) -> None:
    if complete:
        send_pieces(browser)
    else:
        send(browser, CONTENT[:1000], 0)
        send(browser, CONTENT[1000:2000], 1000)
    response = send(browser, b"x" * 1000, 1000)
    assert response.status_code == 409
    assert "other bytes" in response.json()["files"][0]["error"]
    owner_id = IngestFile.objects.get().owner_id
    path = ingest_area.path_of(owner_id, NAME) if complete else ingest_area.part_of(owner_id, NAME)
    assert path.read_bytes() == (CONTENT if complete else CONTENT[:2000])


@pytest.mark.parametrize(("first", "expected"), [(1001, 1000), (2000, 1000)])
def test_a_gap_is_refused_with_the_offset_that_would_continue(
    browser: Client, first: int, expected: int
) -> None:
    send(browser, CONTENT[:1000], 0)
    response = send(browser, CONTENT[first : first + PIECE], first)
    assert response.status_code == 409
    assert response.json()["files"][0]["expected"] == expected
    assert response.cookies["csrftoken"].value
    assert browser.get(f"{CHUNKED}?name={NAME}").json()["received"] == expected


def test_a_piece_without_beginning_or_of_another_size_is_refused(browser: Client) -> None:
    assert send(browser, CONTENT[1000:2000], 1000).status_code == 409
    send(browser, CONTENT[:1000], 0)
    assert send(browser, CONTENT[1000:2000], 1000, total=5000).status_code == 409
    assert listed(browser) == {}


def test_what_a_kill_left_behind_the_last_whole_piece_is_continued(browser: Client) -> None:
    send(browser, CONTENT[:1000], 0)
    part = ingest_area.part_of(IngestFile.objects.get().owner_id, NAME)
    part.write_bytes(CONTENT[:1300])
    for first in (1000, 2000, 3000):
        assert send(browser, CONTENT[first : first + PIECE], first).status_code == 200
    assert IngestFile.objects.get().sha1sum == sha1(CONTENT)


@pytest.mark.parametrize("address", ["/upload/list/", CHUNKED + f"?name={NAME}", "/upload/"])
def test_a_file_whose_request_was_killed_behind_its_last_byte_is_complete(
    browser: Client, data_root: Path, address: str
) -> None:
    send(browser, CONTENT[:PIECE], 0)
    (part,) = data_root.glob("ingest/*/.parts/*")
    part.write_bytes(CONTENT)
    browser.get(address)
    assert listed(browser) == {NAME: len(CONTENT)}
    assert IngestFile.objects.get().sha1sum == sha1(CONTENT)
    assert not list(data_root.glob("ingest/*/.parts/*"))


def test_a_file_that_is_still_being_written_is_not_completed_from_outside(
    browser: Client, data_root: Path
) -> None:
    send(browser, CONTENT[:PIECE], 0)
    (part,) = data_root.glob("ingest/*/.parts/*")
    part.write_bytes(CONTENT)
    with part.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert listed(browser) == {}
    assert listed(browser) == {NAME: len(CONTENT)}


@pytest.mark.parametrize("extra", [0, 1, 20, 5000])
def test_a_piece_of_a_complete_file_that_is_too_long_is_refused_and_changes_nothing(
    browser: Client, extra: int
) -> None:
    send(browser, CONTENT, 0)
    token = browser.get(CHUNKED).cookies["csrftoken"].value
    headers = {"Content-Range": f"bytes 3-3/{len(CONTENT)}"}
    body = body_of(token, NAME, CONTENT[3:4] + b"x" * extra)
    answer = browser.post(CHUNKED, body, content_type=FORM, headers=headers)
    assert answer.status_code == (400 if extra else 200), answer.content
    assert listed(browser) == {NAME: len(CONTENT)}
    assert IngestFile.objects.get().sha1sum == sha1(CONTENT)


def test_byte_zero_begins_anew_and_replaces_the_older_file(browser: Client) -> None:
    send(browser, b"old")
    send(browser, CONTENT[:1000], 0)
    assert listed(browser) == {}
    send_pieces(browser, CONTENT[::-1])
    assert IngestFile.objects.get().sha1sum == sha1(CONTENT[::-1])


@pytest.mark.parametrize(
    "header",
    [
        "bytes 0-9",
        "bytes 5-4/10",
        "bytes 0-10/10",
        "bytes -1-2/9",
        "items 0-1/2",
        "",
        "bytes 0-1/" + "9" * 99,
    ],
)
def test_a_range_without_sense_is_refused(browser: Client, header: str) -> None:
    token = browser.get(CHUNKED).cookies["csrftoken"].value
    form = {"csrfmiddlewaretoken": token, "files": named(NAME, b"abc")}
    response = browser.post(CHUNKED, form, headers={"Content-Range": header})
    assert response.status_code == 400
    assert response.cookies["csrftoken"].value
    assert not files_below_ingest()


@pytest.mark.parametrize("given", [CONTENT[:999], CONTENT[:1001]])
def test_a_piece_that_is_not_as_long_as_announced_is_taken_back(browser: Client, given: bytes) -> None:
    send(browser, CONTENT[:1000], 0)
    token = browser.get(CHUNKED).cookies["csrftoken"].value
    form = {"csrfmiddlewaretoken": token, "files": named(NAME, given)}
    response = browser.post(CHUNKED, form, headers={"Content-Range": "bytes 1000-1999/3500"})
    assert response.status_code == 400
    assert browser.get(f"{CHUNKED}?name={NAME}").json()["received"] == 1000


def test_a_body_that_ends_early_leaves_nothing(browser: Client) -> None:
    token = browser.get(CHUNKED).cookies["csrftoken"].value
    body = body_of(token, NAME, CONTENT)[:-500]
    # A body shorter than announced means that the connection broke.
    announced = str(len(body) + 500)
    extra = {"CONTENT_TYPE": FORM, "CONTENT_LENGTH": announced, "wsgi.input": io.BytesIO(body)}
    response = browser.generic("POST", CHUNKED, b"", FORM, **extra)
    assert response.status_code == 400
    assert "only" in response.json()["files"][0]["error"]
    assert not files_below_ingest()
    assert listed(browser) == {}


@pytest.mark.parametrize(
    "name",
    [
        *(
            "../x.fits",
            "a/b.fits",
            "/etc/passwd.fits",
            "C:\\x.fits",
            "a b.fits",
            ".hidden.fits",
            "x&#46;fits.fits",
        ),
        *(
            "é.fits",
            "x.exe",
            "x",
            "x.fits.sh",
            "a" * 130 + ".fits",
            "x.fits\x00",
            "..",
            "<b>.fits",
            "x;.fits",
        ),
    ],
)
def test_a_name_that_is_none_is_refused_and_not_mended(browser: Client, name: str) -> None:
    response = send(browser, b"abc", name=name)
    assert response.status_code == 400
    assert not IngestFile.objects.exists()
    assert not files_below_ingest()
    answer = response.json()
    assert answer.get("error") or answer["files"][0]["error"]


@pytest.mark.parametrize("name", ["Mixed.Case-1.fits", "jwst_miri_0001.pmap", "x.asdf", "n8o1612ho_bpx.r0h"])
def test_names_are_kept_to_the_letter(browser: Client, name: str) -> None:
    assert send(browser, b"abc", name=name).status_code == 200
    assert listed(browser) == {name: 3}


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("FLAT.FITS", "FLAT.fits"),
        ("jwst_miri_flat_0001.Rmap", "jwst_miri_flat_0001.rmap"),
        ("a.R0H", "a.r0h"),
    ],
)
def test_an_extension_in_capitals_is_refused_at_upload_with_the_cure(
    browser: Client, name: str, cure: str
) -> None:
    response = send(browser, b"abc", name=name)
    assert response.status_code == 400
    assert not files_below_ingest()
    answer = response.json()
    text = answer.get("error") or answer["files"][0]["error"]
    assert f"{name!r} cannot be delivered: its extension must be lower case. Rename it to {cure!r}" in text


@pytest.mark.parametrize(("quota", "status"), [(3499, 413), (3500, 200)])
def test_the_quota_is_looked_at_before_the_first_byte(
    browser: Client, settings: Any, quota: int, status: int
) -> None:
    settings.INGEST_QUOTA_BYTES = quota
    response = send(browser, CONTENT[:1000], 0)
    assert response.status_code == status
    assert bool(files_below_ingest()) == (status == 200)


def test_the_quota_counts_other_files_and_promised_bytes_but_not_the_replaced_file(
    browser: Client, settings: Any
) -> None:
    settings.INGEST_QUOTA_BYTES = 5000
    send(browser, CONTENT[:1000], 0)  # This announces 3500 bytes.
    assert send(browser, b"x" * 1600, name="other.fits").status_code == 413
    assert send(browser, CONTENT[:1000], 0).status_code == 200
    assert send(browser, CONTENT[:1000], 0, total=6000).status_code == 413


def require_incident(error: str, log: str) -> None:
    """Check that a text for people ends with the number of an incident, and that the log has it."""
    told = re.search(r" Incident (\S+)\.\Z", error)
    assert told, error
    assert told[1] in log


def test_a_disk_that_is_nearly_full_is_left_alone(
    browser: Client, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.INGEST_RESERVE_BYTES = 10**18
    response = send(browser, CONTENT)
    assert response.status_code == 507
    error = response.json()["files"][0]["error"]
    assert "no space" in error
    require_incident(error, caplog.text)
    assert not files_below_ingest()


def test_a_disk_that_becomes_full_ends_in_words_and_takes_the_piece_back(
    browser: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    send(browser, CONTENT[:1000], 0)

    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("apps.submissions.uploads.handler.os.pwrite", full)
    response = send(browser, CONTENT[1000:2000], 1000)
    assert response.status_code == 507
    require_incident(response.json()["files"][0]["error"], caplog.text)
    assert browser.get(f"{CHUNKED}?name={NAME}").json()["received"] == 1000


@pytest.mark.parametrize("first", [None, 0, 1000])
def test_without_the_token_nothing_of_the_file_is_kept(browser: Client, first: int | None) -> None:
    send(browser, CONTENT[:1000], 0)
    before = files_below_ingest()
    headers = {} if first is None else {"Content-Range": f"bytes {first}-{first + 999}/3500"}
    response = browser.post(CHUNKED, {"files": named(NAME, CONTENT[1000:2000])}, headers=headers)
    assert response.status_code == 403
    assert response.cookies["csrftoken"].value
    assert files_below_ingest() == before
    assert browser.get(f"{CHUNKED}?name={NAME}").json()["received"] == 1000


@pytest.mark.parametrize("address", [CHUNKED, "/upload/list/"])
def test_nobody_sees_the_area_without_logging_in(client: Client, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 401
    assert "application/json" in response["Content-Type"]
    assert client.post(CHUNKED, {"files": named(NAME, b"x")}).status_code == 401
    assert not files_below_ingest()


def test_people_do_not_see_each_others_files(browser: Client) -> None:
    send(browser, b"abc")
    other = logged_in(make_user("marge"))
    assert listed(other) == {}
    send(other, b"abcd")
    assert (listed(browser), listed(other)) == ({NAME: 3}, {NAME: 4})


def delete_url(browser: Client) -> str:
    [item] = browser.get("/upload/list/").json()["files"]
    return str(item["deleteUrl"])


def test_the_address_of_deletion_works_by_get_and_twice(browser: Client) -> None:
    send(browser, b"abc")
    address = delete_url(browser)
    assert address.startswith("/upload/delete/")
    for _ in range(2):
        assert browser.get(address).status_code == 200
    assert listed(browser) == {}
    assert not files_below_ingest()


def test_deletion_is_refused_to_others_and_for_other_files(browser: Client, client: Client) -> None:
    send(browser, b"abc")
    send(browser, b"abc", name="other.fits")
    address = ingest_area.delete_token(IngestFile.objects.first().owner_id, NAME)
    mine = f"/upload/delete/{address}/{NAME}"
    assert browser.get(f"/upload/delete/{address}/other.fits").status_code == 403
    assert browser.get(f"/upload/delete/{'x' * 43}/{NAME}").status_code == 403
    assert browser.get(mine, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.get(mine).status_code == 401
    assert logged_in(make_user("marge")).get(mine).status_code == 403
    assert len(listed(browser)) == 2


def test_a_part_that_nobody_continues_is_removed(browser: Client, data_root: Path) -> None:
    send(browser, CONTENT[:1000], 0)
    part = ingest_area.part_of(IngestFile.objects.get().owner_id, NAME)
    assert ingest_area.remove_abandoned_parts() == 0
    long_ago = timezone.now().timestamp() - 169 * 3600
    os.utime(part, (long_ago, long_ago))
    assert ingest_area.remove_abandoned_parts() == 1
    assert not IngestFile.objects.exists()


def test_a_plain_form_takes_several_files_and_returns_to_its_page(browser: Client) -> None:
    token = browser.get("/upload/").cookies["csrftoken"].value
    files = [named("a.fits", b"a"), named("b.fits", b"bb")]
    response = browser.post("/upload/", {"csrfmiddlewaretoken": token, "files": files, "next": "/upload/"})
    assert (response.status_code, response["Location"]) == (302, "/upload/")
    text = browser.get("/upload/").content.decode()
    assert "a.fits" in text
    assert sha1(b"bb") in text
    assert "error_message" not in text


@pytest.mark.parametrize(
    "target", ["https://elsewhere.test/", "//elsewhere.test/", "javascript:alert(1)", ""]
)
def test_a_form_never_leads_to_another_site(browser: Client, target: str) -> None:
    token = browser.get("/upload/").cookies["csrftoken"].value
    form = {"csrfmiddlewaretoken": token, "files": [named("a.fits", b"a")], "next": target}
    assert browser.post("/upload/", form)["Location"] == "/upload/"


def test_a_plain_form_with_a_bad_file_keeps_the_good_ones_and_names_it(browser: Client) -> None:
    token = browser.get("/upload/").cookies["csrftoken"].value
    files = [named("a.fits", b"a"), named("<b>.exe", b"bb")]
    response = browser.post("/upload/", {"csrfmiddlewaretoken": token, "files": files})
    assert response.status_code == 200
    text = response.content.decode()
    assert '<div id="error_message"' in text
    assert "&lt;b&gt;.exe" in text
    assert listed(browser) == {"a.fits": 1}


def test_chosen_files_are_deleted_by_a_form(browser: Client) -> None:
    for name in ("a.fits", "b.fits"):
        send(browser, b"abc", name=name)
    token = browser.get("/upload/").cookies["csrftoken"].value
    assert browser.post("/upload/delete/", {"name": ["a.fits"]}).status_code == 403
    form = {"csrfmiddlewaretoken": token, "name": ["a.fits", "../x"]}
    assert browser.post("/upload/delete/", form).status_code == 302
    assert listed(browser) == {"b.fits": 3}


def test_the_answers_are_json_that_nobody_caches(browser: Client) -> None:
    response = send(browser, b"abc")
    [item] = json.loads(response.content)["files"]
    assert {"name", "size", "url", "deleteUrl", "deleteType"} <= set(item)
    assert "no-store" in browser.get("/upload/list/")["Cache-Control"]


@pytest.mark.parametrize("how", ["whole", "one piece", "pieces", "refused", "repeated", "deleted"])
def test_the_bytes_of_a_complete_file_are_never_touched_again(
    browser: Client, tmp_path: Path, how: str
) -> None:
    send_pieces(browser)
    link = tmp_path / "link"
    link.hardlink_to(ingest_area.path_of(IngestFile.objects.get().owner_id, NAME))
    before = link.stat()
    if how == "whole":
        send(browser, CONTENT[::-1])
    elif how == "one piece":
        send(browser, CONTENT[::-1], 0)
    elif how == "pieces":
        send_pieces(browser, CONTENT[::-1] * 2)
    elif how == "refused":
        assert send(browser, b"x" * PIECE, 1000).status_code == 409
        assert send(browser, b"x" * PIECE, 3000, 9000).status_code == 409
    elif how == "repeated":
        assert send(browser, CONTENT[3000:], 3000).status_code == 200
    else:
        browser.get(delete_url(browser))
    assert link.read_bytes() == CONTENT
    after = link.stat()
    assert (after.st_mtime_ns, after.st_size) == (before.st_mtime_ns, before.st_size)


def open_piece(owner_id: int, first: int, last: int) -> tuple[UploadHandler, Arrival]:
    """Return the handler and the arrival of a request with a piece, before its first byte."""
    piece = Range(first, last, len(CONTENT))
    handler = UploadHandler(RequestFactory().post(CHUNKED), owner_id=owner_id, piece=piece)
    handler.is_whole = True
    return handler, handler.admit(NAME)


def test_a_piece_that_was_overtaken_by_a_new_beginning_completes_nothing(browser: Client) -> None:
    send(browser, CONTENT[:1000], 0)
    owner_id = IngestFile.objects.get().owner_id
    late, arrival = open_piece(owner_id, 1000, 3499)
    arrival.write(memoryview(CONTENT[1000:]))
    assert send(browser, CONTENT[:500], 0).status_code == 200
    late.commit()
    assert isinstance(arrival.error, UploadGapError)
    assert listed(browser) == {}
    assert ingest_area.part_of(owner_id, NAME).read_bytes() == CONTENT[:500]


def test_two_requests_do_not_write_to_one_file(browser: Client) -> None:
    send(browser, CONTENT[:1000], 0)
    owner_id = IngestFile.objects.get().owner_id
    first, _ = open_piece(owner_id, 1000, 1999)
    response = send(browser, CONTENT[1000:2000], 1000)
    assert response.status_code == 409
    assert response.json()["files"][0]["expected"] == 1000
    first.discard()
    assert send(browser, CONTENT[1000:2000], 1000).status_code == 200


def test_a_file_that_is_complete_by_now_is_not_opened_for_writing(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(browser, CONTENT[:1000], 0)
    owner_id = IngestFile.objects.get().owner_id
    flock = fcntl.flock

    def be_late(descriptor: int, how: int) -> None:
        monkeypatch.undo()
        part = ingest_area.part_of(owner_id, NAME)
        part.rename(ingest_area.path_of(owner_id, NAME))
        flock(descriptor, how)

    monkeypatch.setattr("apps.submissions.uploads.handler.fcntl.flock", be_late)
    _, arrival = open_piece(owner_id, 1000, 1999)
    assert isinstance(arrival.error, UploadGapError)
    assert arrival.descriptor < 0


def test_a_file_deleted_while_its_last_piece_arrives_stays_deleted(browser: Client) -> None:
    send(browser, CONTENT[:1000], 0)
    owner_id = IngestFile.objects.get().owner_id
    late, arrival = open_piece(owner_id, 1000, 3499)
    arrival.write(memoryview(CONTENT[1000:]))
    ingest_area.delete(owner_id, NAME)
    late.commit()
    assert isinstance(arrival.error, UploadGapError)
    assert not IngestFile.objects.exists()
    assert not files_below_ingest()


def test_the_sum_is_right_when_another_process_has_taken_pieces(browser: Client) -> None:
    for first in range(0, len(CONTENT), PIECE):
        send(browser, CONTENT[first : first + PIECE], first)
        if first == PIECE:
            running_checksum._remembered.clear()
    assert IngestFile.objects.get().sha1sum == sha1(CONTENT)
    assert not running_checksum._remembered


def test_a_further_piece_takes_four_queries_and_no_write(
    browser: Client, django_assert_num_queries: Any
) -> None:
    send(browser, CONTENT[:PIECE], 0)
    piece = body_of(browser.cookies["csrftoken"].value, NAME, CONTENT[PIECE : 2 * PIECE])
    headers = {"Content-Range": f"bytes {PIECE}-{2 * PIECE - 1}/{len(CONTENT)}"}
    # One query each for the session, the account, its grants, and the file.
    with django_assert_num_queries(4) as asked:
        answer = browser.post(CHUNKED, piece, content_type=FORM, headers=headers)
    assert answer.status_code == 200
    assert {query["sql"].split()[0] for query in asked.captured_queries} == {"SELECT"}


def test_a_part_can_be_deleted_by_the_address_in_the_answer(browser: Client) -> None:
    [item] = send(browser, CONTENT[:1000], 0).json()["files"]
    assert browser.get(item["deleteUrl"]).status_code == 200
    assert not files_below_ingest()


def test_a_form_with_a_field_or_a_number_of_parts_nobody_needs_is_refused(browser: Client) -> None:
    token = browser.get(CHUNKED).cookies["csrftoken"].value
    form: dict[str, Any] = {"csrfmiddlewaretoken": token, "files": [named("a.fits", b"a")]}
    assert browser.post(CHUNKED, {**form, "long": "x" * 70_000}).status_code == 413
    assert browser.post(CHUNKED, {**form, "many": ["x"] * 100}).status_code == 400
    assert not files_below_ingest()
