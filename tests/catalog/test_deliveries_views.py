import json
import re
from typing import Any

import pytest
from django.test import Client

from apps.catalog.deliveries import Delivery, folder, move
from apps.catalog.models import AuditRecord, DeliveredFile, File
from apps.catalog.states import DeliveryStatus
from tests.factories.accounts import logged_in, make_token, make_user, post
from tests.factories.catalog import sha1
from tests.factories.deliveries import NAMES, make_delivery, states

pytestmark = pytest.mark.django_db

PAGE = "/delivery_status/"
HOSTILE = ["..", "%00", "jwst_1.cat%00", "jwst_0.cat", "JWST_1.CAT", "jwst_9999999999999999999999.cat"]
HOSTILE += [
    "%2e%2e%2fetc%2fpasswd",
    "<script>",
    "jwst_\u0661.cat",
    "%F0%9F%98%80",
    "x" * 3000,
    "jwst_1.cat%0A",
]


def program(role: str = "operator", **options: Any) -> Client:
    """Return a program of the archive, which has a token and no cookies."""
    _, text = make_token(make_user("poller", role=role), **options)
    return Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {text}"})


def answer(response: Any, status: int = 200) -> Any:
    assert response.status_code == status, response.content.decode()[:500]
    assert response["Content-Type"] == "application/json"
    assert "no-store" in response.get("Cache-Control", "") or status in {401, 403}
    return json.loads(response.content)


def test_programs_list_what_waits_in_the_folder() -> None:
    first = make_delivery()
    make_delivery(["jwst_miri_flat_0001.fits"], is_written=False)
    move(make_delivery(["jwst_miri_flat_0002.fits"]), DeliveryStatus.PICKED_UP, user="marge")
    (listed,) = answer(program().get("/delivery/"))
    assert listed == {
        "catalogue": "jwst_1.cat",
        "status": "open",
        "made_at": f"{first.made_at:%Y-%m-%dT%H:%M:%SZ}",
        "files": 2,
        "bytes": sum(map(len, NAMES)),
        "url": "http://localhost:8000/delivery/jwst_1.cat",
    }


def test_a_program_reads_a_whole_delivery() -> None:
    make_delivery()
    File.objects.filter(name=NAMES[1]).update(blacklisted=True)
    whole = answer(program().get("/delivery/jwst_1.cat"))
    assert (whole["user"], whole["why"], whole["bytes"]) == ("homer", "New darks", sum(map(len, NAMES)))
    assert whole["files"][0] == {
        "name": NAMES[0],
        "size": len(NAMES[0]),
        "sha1sum": sha1(NAMES[0].encode()),
        "state": "delivered",
        "url": f"http://localhost:8000/unchecked_get/references/jwst/{NAMES[0]}",
    }
    assert whole["files"][1]["state"] == "bad"
    path = whole["files"][1]["url"].removeprefix("http://localhost:8000")
    assert b"".join(Client().get(path)) == NAMES[1].encode()


def test_a_program_tells_how_far_the_archive_is() -> None:
    delivery = make_delivery()
    archive = program()
    for what, status, state in (
        ("accepted", "picked_up", "submitted"),
        ("accepted", "picked_up", "submitted"),
        ("archiving/", "archiving", "archiving"),
        ("failed", "failed", "archiving-failed"),
        ("archived", "archived", "archived"),
    ):
        told = answer(archive.post(f"/delivery/jwst_1.cat/{what}", {"reason": f"<b>\0{what}"}))
        assert (told["status"], {file["state"] for file in told["files"]}) == (status, {state})
    assert folder.listed() == []
    delivery.refresh_from_db()
    assert (delivery.changed_by, delivery.reason) == ("poller", "<b>archived")
    details = AuditRecord.objects.filter(action="archive state", filename=NAMES[0], user="poller")
    assert details.count() == 4
    assert "cannot become failed" in answer(archive.post("/delivery/jwst_1.cat/failed"), 409)["error"]


def test_hostile_names_are_unknown() -> None:
    make_delivery()
    archive, browser = program(), logged_in(make_user("marge", role="operator"))
    for name in HOSTILE:
        for response in (archive.get(f"/delivery/{name}"), archive.post(f"/delivery/{name}/accepted")):
            assert response.status_code == 404, name
        response = post(browser, f"{PAGE}{name}/", form=PAGE, move="archived", seen="open")
        assert response.status_code in {200, 404}, name
        assert b"<script>" not in response.content
    assert Delivery.objects.get().status == "open"


@pytest.mark.parametrize("what", ["open", "picked_up", "%00", "accepted%0A", "redeliver"])
def test_programs_tell_four_things_only(what: str) -> None:
    make_delivery()
    assert "expected one of accepted" in answer(program().post(f"/delivery/jwst_1.cat/{what}"), 404)["error"]
    assert Delivery.objects.get().status == "open"


def test_reading_changes_nothing() -> None:
    make_delivery()
    assert program().get("/delivery/jwst_1.cat/accepted").status_code == 405
    assert Client().get(f"{PAGE}jwst_1.cat/").status_code == 405
    assert Delivery.objects.get().status == "open"


@pytest.mark.parametrize(("method", "path"), [("get", "/delivery"), ("get", "/delivery/jwst_1.cat")])
def test_programs_need_the_role_to_read(method: str, path: str) -> None:
    _need_operator(method, path)


def test_programs_need_the_role_to_tell() -> None:
    make_delivery()
    _need_operator("post", "/delivery/jwst_1.cat/accepted")
    assert Delivery.objects.get().status == "open"


def _need_operator(method: str, path: str) -> None:
    anybody = Client(headers={"Authorization": "Bearer crds_nonsense"})
    assert "error" in answer(getattr(anybody, method)(path), 401)
    assert answer(getattr(Client(), method)(path), 401) == {"error": "Log in first."}
    assert "needs the role operator" in answer(getattr(program("submitter"), method)(path), 403)["error"]


def test_scopes_of_a_token_count() -> None:
    make_delivery()
    narrow = program("admin", scopes=["submitter"])
    assert answer(narrow.post("/delivery/jwst_1.cat/accepted"), 403)


def test_what_a_browser_tells_needs_a_csrf_token_and_a_bearer_none() -> None:
    make_delivery()
    browser = logged_in(make_user("marge", role="operator"))
    assert browser.post("/delivery/jwst_1.cat/accepted").status_code == 403
    assert browser.post(f"{PAGE}jwst_1.cat/", {"move": "failed", "seen": "open"}).status_code == 403
    cookie = Client(enforce_csrf_checks=True)
    cookie.cookies["ASB-AUTH"] = make_token(make_user("lisa", role="operator"))[1]
    assert cookie.post("/delivery/jwst_1.cat/accepted").status_code == 403
    assert Delivery.objects.get().status == "open"
    assert program().post("/delivery/jwst_1.cat/accepted").status_code == 200


def test_the_page_needs_a_submitter_and_its_buttons_an_operator() -> None:
    make_delivery()
    assert Client().get(PAGE)["Location"] == "/login/?next=%2Fdelivery_status%2F"
    browser = logged_in()
    page = browser.get(PAGE)
    assert "csrftoken" in page.cookies
    assert "Redeliver" not in page.content.decode()
    assert "Mark" not in page.content.decode()
    refused = post(browser, f"{PAGE}jwst_1.cat/", form=PAGE, move="failed", seen="open")
    assert refused.status_code == 403
    assert b"needs the role operator" in refused.content
    assert Client().post(f"{PAGE}jwst_1.cat/").status_code == 401
    assert Delivery.objects.get().status == "open"


def shown(client: Client, query: str = "") -> str:
    response = client.get(PAGE + query)
    assert response.status_code == 200
    text: str = response.content.decode()
    assert "error_message" not in text
    return text


def test_the_page_shows_each_delivery_with_its_files() -> None:
    make_delivery(why="<b>why</b>", reason="<i>no room</i>")
    make_delivery(["jwst_miri_flat_0001.fits"], is_written=False)
    File.objects.filter(name=NAMES[0]).update(state="latest")
    text = shown(logged_in())
    for expected in (
        "jwst_1.cat",
        f'<a href="/browse/{NAMES[0]}">{NAMES[0]}</a>, {len(NAMES[0])} bytes, latest',
        "1 delivered, 1 latest",
        f'<td class="number">2</td><td class="number">{sum(map(len, NAMES))}</td><td>homer</td>',
        "&lt;b&gt;why&lt;/b&gt;",
        "&lt;i&gt;no room&lt;/i&gt;",
        "<td>0\xa0minutes</td>",
        "Showing 1 to 2 of 2 deliveries",
    ):
        assert expected in text
    assert text.count("not yet in the delivery folder") == 1
    assert text.index("jwst_2.cat") < text.index("jwst_1.cat")


def test_of_many_files_the_page_shows_those_with_a_problem_and_the_first() -> None:
    names = [f"jwst_miri_dark_{number:04}.fits" for number in range(25)]
    make_delivery(names)
    File.objects.filter(name__in=names[3:5]).update(rejected=True)
    DeliveredFile.objects.filter(file__name=names[24]).update(problem="It is missing.")
    page = shown(logged_in())
    listed = re.findall(r'<li><a href="/browse/([^"]+)', page)
    assert listed == [names[24], *names[:19]]
    assert "<li>and 5 more</li>" in page
    assert "23 delivered, 2 bad" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["2", "1"]),
        ("?status=*&text=*", ["2", "1"]),
        ("?status=failed", ["1"]),
        ("?status=archived", []),
        ("?status=%00nonsense", ["2", "1"]),
        ("?text=FLAT", ["2"]),
        ("?text=jwst_1.cat", ["1"]),
        ("?text=new+darks", ["2", "1"]),
        ("?text=HOMER%00", ["2", "1"]),
        ("?text=%25", []),
        ("?text=%3Cscript%3E", []),
        ("?text=" + "x" * 5000, []),
        ("?status=failed&text=flat", []),
        ("?page=99999999999999999999999", ["2", "1"]),
        ("?page=%00", ["2", "1"]),
    ],
)
def test_filters_choose_deliveries(query: str, found: list[str]) -> None:
    make_delivery(status=DeliveryStatus.FAILED)
    make_delivery(["jwst_miri_flat_0001.fits", "jwst_miri_flat_0002.fits"])
    text = shown(logged_in(), query)
    assert re.findall(r'<tr id="jwst_(\d+)\.cat">', text) == found
    assert "<script>" not in text


def test_deliveries_are_sorted_and_exported() -> None:
    make_delivery()
    make_delivery(["jwst_miri_flat_0001.fits"], why="=1+1")
    assert re.findall(r'<tr id="jwst_(\d+)\.cat">', shown(logged_in(), "?sort=files")) == ["2", "1"]
    assert re.findall(r'<tr id="jwst_(\d+)\.cat">', shown(logged_in(make_user("bart")), "?sort=%00")) == [
        "2",
        "1",
    ]
    answer = logged_in(make_user("lisa")).get(PAGE, {"format": "csv", "text": "flat"})
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert lines[0] == "made_at,catalogue,files,bytes,submitter,state,changed_at,reason"
    assert len(lines) == 2
    assert lines[1].endswith(",'=1+1")


def test_pages_keep_the_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.catalog.deliveries.views.PAGE_SIZE", 1)
    make_delivery()
    make_delivery(["jwst_miri_flat_0001.fits"])
    assert '?status=open&amp;text=jwst&amp;page=2">Next' in shown(logged_in(), "?status=open&text=jwst")


def test_operators_move_a_delivery_and_see_it_moved() -> None:
    delivery = make_delivery()
    browser = logged_in(make_user("marge", role="operator"))
    for button, seen, status in (
        ("failed", "open", "failed"),
        ("redeliver", "failed", "open"),
        ("archived", "open", "archived"),
    ):
        text = shown(browser)
        assert f'name="move" value="{button}"' in text
        path = f"{PAGE}jwst_1.cat/?status=*&text=jwst"
        response = post(browser, path, form=PAGE, move=button, seen=seen, reason="Disk full")
        assert response["Location"] == f"{PAGE}?status=%2A&text=jwst"
        delivery.refresh_from_db()
        assert (delivery.status, delivery.changed_by, delivery.reason) == (status, "marge", "Disk full")
        assert folder.has_catalogue("jwst_1.cat") is (status == "open")
    assert states(delivery) == ["archived"] * 2
    assert "nothing to do" in shown(browser)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"move": "failed", "seen": "picked_up"}, "jwst_1.cat is already open. Check it,"),
        ({"move": "failed"}, "jwst_1.cat is already open. Check it, then try again."),
        (
            {"move": "redeliver", "seen": "archived\0" * 9},
            "jwst_1.cat is already open. Check it, then try again.",
        ),
        ({"move": "<b>"}, "&lt;b&gt;&#x27; is unknown."),
        ({}, "Choose one of redeliver, archived, failed"),
    ],
)
def test_what_an_operator_can_cure_is_told_on_the_page(values: dict[str, str], error: str) -> None:
    make_delivery()
    browser = logged_in(make_user("marge", role="operator"))
    response = post(browser, f"{PAGE}jwst_1.cat", form=PAGE, **values)
    assert response.status_code == 200
    (told,) = re.findall(r'<div id="error_message"[^>]*>([^<]+)</div>', response.content.decode())
    assert error in told
    assert Delivery.objects.get().status == "open"
