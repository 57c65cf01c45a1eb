"""`/tap/sync` as clients see it: parameters, forms, limits and errors."""

import gzip
import io
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from astropy.io.votable import parse_single_table
from django.test import Client

from apps.vo.database import reading
from apps.vo.errors import OutOfTimeError
from tests.patience import does_not_hang
from tests.vo.conftest import Ask, body_of

COUNT = "SELECT COUNT(*) AS n FROM crds.files"


def test_rows_as_votable_are_read_by_the_usual_library(ask: Ask, site: str) -> None:
    answer = ask("SELECT * FROM crds.files ORDER BY name", RESPONSEFORMAT=None)
    assert answer.response["Content-Type"] == "application/x-votable+xml"
    table = parse_single_table(io.BytesIO(answer.text.encode()), verify="exception")
    assert str(table.to_table()["name"][0]) == "jwst_0001.pmap"
    field = next(field for field in table.fields if field.name == "file_size")
    assert (field.datatype, str(field.unit), field.ucd) == ("long", "byte", "phys.size;meta.file")


@pytest.mark.parametrize(
    ("asked", "media_type"),
    [
        ("votable", "application/x-votable+xml"),
        ("VOTABLE", "application/x-votable+xml"),
        ("text/xml", "text/xml"),
        ("application/x-votable+xml", "application/x-votable+xml"),
        (
            "application/x-votable+xml; serialization=TABLEDATA",
            "application/x-votable+xml; serialization=TABLEDATA",
        ),
        ("csv", "text/csv;header=present"),
        ("text/csv; header=present", "text/csv;header=present"),
        ("tsv", "text/tab-separated-values"),
    ],
)
def test_the_media_type_is_the_one_asked_for(ask: Ask, asked: str, media_type: str) -> None:
    assert ask(COUNT, RESPONSEFORMAT=asked).response["Content-Type"] == media_type
    assert ask(COUNT, RESPONSEFORMAT=None, FORMAT=asked).response["Content-Type"] == media_type


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("path", ["/tap/sync", "/tap/sync/"])
def test_names_of_parameters_ignore_case_for_both_methods(tap_database: None, method: str, path: str) -> None:
    sent = {"lang": "adql-2.1", "Query": COUNT, "responseFormat": "csv", "request": "doQuery", "other": "x"}
    answer = getattr(Client(), method)(path, sent)
    assert (answer.status_code, body_of(answer)) == (200, b"n\r\n0\r\n")


def test_query_string_and_body_are_merged(tap_database: None) -> None:
    answer = Client().post("/tap/sync?LANG=ADQL&FORMAT=csv", {"QUERY": COUNT})
    assert body_of(answer) == b"n\r\n0\r\n"


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"LANG": None}, "LANG"),
        ({"LANG": "SQL"}, "LANG"),
        ({"QUERY": None}, "QUERY"),
        ({"QUERY": "  "}, "QUERY"),
        ({"MAXREC": "-1"}, "MAXREC"),
        ({"MAXREC": "ten"}, "MAXREC"),
        ({"MAXREC": "1e3"}, "MAXREC"),
        ({"RESPONSEFORMAT": "xlsx"}, "RESPONSEFORMAT"),
        ({"RESPONSEFORMAT": "votable/b2"}, "RESPONSEFORMAT"),
        ({"UPLOAD": "t,http://x/y"}, "UPLOAD"),
        ({"REQUEST": "getCapabilities"}, "REQUEST"),
        ({"LANG": ["ADQL", "ADQL-2.0"]}, "LANG"),
    ],
)
def test_a_wrong_parameter_is_named_in_a_votable(ask: Ask, changes: dict[str, Any], name: str) -> None:
    answer = ask(COUNT, **changes)
    assert answer.status == 400
    assert answer.response["Content-Type"] == "application/x-votable+xml"
    table = answer.text
    assert '<RESOURCE type="results">\n<INFO name="QUERY_STATUS" value="ERROR">UsageFault: ' in table
    assert name in table
    assert "Traceback" not in table


def test_the_same_value_twice_is_fine(ask: Ask) -> None:
    assert ask(COUNT, LANG=["ADQL", "ADQL"]).rows == [["0"]]


def test_maxrec_cuts_and_marks_the_answer(ask: Ask, site: str) -> None:
    total = int(ask(COUNT).rows[0][0])
    every = "SELECT name FROM crds.files"
    for asked, rows, mark in ((total - 1, total - 1, True), (total, total, False), (total + 1, total, False)):
        text = ask(every, MAXREC=str(asked), RESPONSEFORMAT=None).text
        assert (text.count("<TR>"), 'value="OVERFLOW"' in text) == (rows, mark), asked
    empty = ask(every, MAXREC="0", RESPONSEFORMAT=None).text
    assert "<TR>" not in empty
    assert '<FIELD ID="name" name="name"' in empty
    assert empty.index("</TABLE>") < empty.index('value="OVERFLOW"')


def test_maxrec_is_cut_to_the_hard_limit(ask: Ask, site: str, settings: Any) -> None:
    settings.TAP_MAX_ROWS = 3
    assert (
        ask("SELECT name FROM crds.files", MAXREC="999999999999", RESPONSEFORMAT=None).text.count("<TR>") == 3
    )
    settings.TAP_ROWS = 2
    assert len(ask("SELECT name FROM crds.files").rows) == 2


def test_top_is_smaller_than_maxrec_without_a_mark(ask: Ask, site: str) -> None:
    text = ask("SELECT TOP 2 name FROM crds.files", MAXREC="2", RESPONSEFORMAT=None).text
    assert text.count("<TR>") == 2
    assert "OVERFLOW" not in text


def test_a_query_out_of_time_says_so(ask: Ask, site: str, settings: Any) -> None:
    settings.TAP_SYNC_SECONDS = 1
    joins = ", ".join(f"TAP_SCHEMA.columns AS t{number}" for number in range(8))
    with does_not_hang():
        answer = ask(f"SELECT COUNT(*) FROM {joins}")
    assert answer.status == 408
    assert "TimeoutError: The query took longer than 1 seconds." in answer.text
    assert "asynchronous endpoint" in answer.text


def test_a_full_server_asks_to_try_later(ask: Ask, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.TAP_QUERIES = 1
    monkeypatch.setattr("apps.vo.tap.answering.WAIT", 0.1)
    monkeypatch.setattr(reading, "_places", {1: threading.BoundedSemaphore(1)})
    with reading._semaphore():
        answer = Client().post("/tap/sync", {"LANG": "ADQL", "QUERY": COUNT})
        assert answer.status_code == 503
        assert int(answer["Retry-After"]) > 0
        for path in ("/tap/capabilities", "/tap/availability", "/tap/tables", "/tap/async", "/tap"):
            assert Client().get(path).status_code == 200
    assert ask(COUNT).status == 200


def test_a_client_that_hangs_up_gives_its_place_back(ask: Ask, site: str, settings: Any) -> None:
    settings.TAP_QUERIES = 1
    every = {"LANG": "ADQL", "QUERY": "SELECT * FROM crds.files, TAP_SCHEMA.columns", "MAXREC": "100000"}
    for _ in range(3):
        answer = Client().post("/tap/sync", every)
        assert answer.status_code == 200
        next(iter(answer.streaming_content))
        answer.close()
    assert ask(COUNT).status == 200


def test_answers_are_compressed_on_request(tap_database: None) -> None:
    sent = {"LANG": "ADQL", "QUERY": "SELECT * FROM TAP_SCHEMA.columns"}
    plain = body_of(Client().post("/tap/sync", sent))
    packed = Client().post("/tap/sync", sent, headers={"Accept-Encoding": "gzip, deflate"})
    assert packed["Content-Encoding"] == "gzip"
    content = body_of(packed)
    assert gzip.decompress(content) == plain
    assert len(content) < len(plain) / 3


def test_a_body_over_the_limit_is_413(tap_database: None, settings: Any) -> None:
    settings.VO_BODY_LIMIT = 2000
    answer = Client().post("/tap/sync", {"LANG": "ADQL", "QUERY": "-" * 3000})
    assert answer.status_code == 413
    assert b"UsageFault: The body is larger than 2000 bytes." in answer.content


def test_another_method_is_405_with_the_ones_that_are_offered(tap_database: None) -> None:
    answer = Client().delete("/tap/sync")
    assert answer.status_code == 405
    assert answer["Allow"] == "GET, POST, HEAD, OPTIONS"
    assert b"QUERY_STATUS" in answer.content


def test_multipart_forms_are_read(tap_database: None) -> None:
    lines = ["--x", 'Content-Disposition: form-data; name="LANG"', "", "ADQL", "--x"]
    lines += ['Content-Disposition: form-data; name="QUERY"', "", COUNT, "--x--", ""]
    answer = Client().post("/tap/sync", "\r\n".join(lines), content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 200
    body_of(answer)


@pytest.mark.parametrize("body", ["not a form", "--x\r\nbroken"])
def test_a_broken_form_is_refused(tap_database: None, body: str) -> None:
    answer = Client().post("/tap/sync", body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 400
    assert b"UsageFault" in answer.content


def test_our_own_fault_shows_an_incident_and_nothing_else(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("SELECT secret FROM accounts_user")

    monkeypatch.setattr("apps.vo.tap.sync_views.answer_query", fail)
    answer = ask(COUNT)
    assert answer.status == 500
    assert "FatalFault: The request could not be answered; incident " in answer.text
    assert "secret" not in answer.text


def test_a_failure_in_the_middle_ends_the_table_properly(
    ask: Ask, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.vo.tap.answering.open_query", FailingQuery)
    text = ask("SELECT name FROM crds.files", RESPONSEFORMAT=None).text
    assert text.endswith("</VOTABLE>\n")
    assert text.index("</TABLE>") < text.index('value="ERROR">TimeoutError')
    parse_single_table(io.BytesIO(text.encode()))


class FailingQuery:
    """A query that runs out of time after its first rows."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def batches(self) -> Iterator[list[tuple[Any, ...]]]:
        yield [("a.fits",)]
        raise OutOfTimeError("The query took longer than 1 seconds.")

    def close(self) -> None:
        pass


def test_a_result_with_datasets_describes_the_links_service(ask: Ask, site: str) -> None:
    for query in ("SELECT * FROM dbo.raw", "SELECT dataset_id AS d FROM crds.datasets"):
        text = ask(query, RESPONSEFORMAT=None).text
        assert 'utype="adhoc:service"' in text
        assert 'value="http://testserver/datalink/links"' in text
    assert 'ref="d"' in text
    assert "adhoc:service" not in ask("SELECT name FROM crds.files", RESPONSEFORMAT=None).text


def test_addresses_have_the_host_that_the_client_used(tap_database: None, site: str, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["calib.example.org"]
    sent = {"LANG": "ADQL", "QUERY": "SELECT access_url FROM crds.files", "FORMAT": "tsv"}
    answer = Client().post("/tap/sync", sent, headers={"Host": "calib.example.org:8443"})
    lines = body_of(answer).decode().splitlines()[1:]
    assert all(line.startswith("http://calib.example.org:8443/unchecked_get/") for line in lines)
