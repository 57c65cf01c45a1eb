"""During maintenance everything can be read and asked, and nothing is changed."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.core.marks import has_mark
from apps.rpc.registry import Method, all_methods
from tests.factories.rpc import call, request, send
from tests.factories.world import World, changed, everything, make_world
from tests.url_table import Address, every_address

pytestmark = pytest.mark.django_db

TEXT = "Moving to a <new> disk until 14:00 UTC."
SHOWN = "Moving to a &lt;new&gt; disk until 14:00 UTC."
OWN = {"Sec-Fetch-Site": "same-origin"}
# Bookkeeping, which maintenance allows: the lock of somebody at work must not expire.
BOOKS = ("Lock ",)
CACHES = ("checksums/", "published/", "store/config/")


@pytest.fixture
def maintenance(settings: Any) -> None:
    settings.MAINTENANCE = TEXT


@pytest.fixture
def world(settings: Any) -> World:
    """Return a site in use, in which maintenance has begun."""
    made = make_world()
    settings.MAINTENANCE = TEXT
    return made


def ask(world: World, method: str, address: Address) -> int:
    """Send what a form of our own page would, and return the status."""
    token = world.browser.cookies["csrftoken"].value
    form: dict[str, Any] = {**world.form, "csrfmiddlewaretoken": token}
    if method == "POST":
        form["files"] = SimpleUploadedFile("a.fits", b"a")
    answer = getattr(world.browser, method.lower())(address.path, form, headers=OWN)
    answer.close()
    return int(answer.status_code)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_address_changes_anything(world: World, method: str) -> None:
    addresses = [each for each in every_address(world.values) if not is_allowed(each)]
    before = everything()
    refused = {each.name for each in addresses if ask(world, method, each) == 503}
    assert not [key for key in changed(before) if not key.startswith(BOOKS + CACHES)]
    assert refused >= {"open_channel", "delete", "chunked"}
    assert method == "GET" or refused >= {
        "batch",
        "set_context",
        "mark_files_bad",
        "break",
        "decide",
        "extend",
    }


def is_allowed(address: Address) -> bool:
    return has_mark(address.view, "is_allowed_in_maintenance")


def test_only_who_one_is_and_how_pages_look_may_change(world: World) -> None:
    assert {each.path.rstrip("/") for each in every_address(world.values) if is_allowed(each)} == {
        "/login",
        "/logout",
        "/oidc/authenticate",
        "/oidc/callback",
        "/theme",
    }


def test_people_are_told_on_a_page_when_to_come_back(world: World) -> None:
    token = world.browser.cookies["csrftoken"].value
    answer = world.browser.post("/set_context/", {"csrfmiddlewaretoken": token})
    assert (answer.status_code, answer["Retry-After"]) == (503, "600")
    assert f'<div id="error_message">{SHOWN}</div>' in answer.text


@pytest.mark.parametrize("path", ["/upload/chunked/", "/jpoll/open_channel"])
def test_programs_are_told_in_json(world: World, path: str) -> None:
    ask = world.browser.get if path == "/jpoll/open_channel" else world.browser.post
    answer = ask(path, headers=OWN)
    assert answer.status_code == 503
    assert answer.json() == {"error": TEXT}


def test_a_refused_piece_carries_the_token_that_the_client_reads(world: World) -> None:
    piece = {"files": SimpleUploadedFile("a.fits", b"a" * 10)}
    headers = {**OWN, "Content-Range": "bytes 0-9/20"}
    answer = world.browser.post("/upload/chunked/", piece, headers=headers)
    assert answer.status_code == 503
    assert answer.cookies["csrftoken"].value


def test_every_page_says_so(client: Client, maintenance: None) -> None:
    assert f"Maintenance: {SHOWN}" in client.get("/").text


def test_questions_are_answered(client: Client, maintenance: None) -> None:
    assert call("get_server_info")["observatory"] == "jwst"
    assert client.post("/theme/", {"theme": "dark"}).status_code == 303
    assert client.post("/browse_db/", {}).status_code == 200
    assert client.get("/login/").status_code == 200


def test_methods_that_change_something_are_refused_and_all_others_change_nothing(world: World) -> None:
    orders = {method.name for method in all_methods() if method.changes_something}
    assert orders == {"push_remote_context", "jpoll_abort"}
    before = everything()
    for method in all_methods():
        error = send(request(method.name, *arguments(method, world)))["error"] or {"message": ""}
        is_refused = f"during maintenance: {SHOWN}" in error["message"]
        assert is_refused == (method.name in orders), method.name
    assert not [key for key in changed(before) if not key.startswith(CACHES)]


def arguments(method: Method, world: World) -> list[Any]:
    known: dict[str, Any] = {
        "key": world.values["jpoll/key"],
        "kind": "latest",
        "dataset_ids": [],
        "header": {},
        "header_map": {},
    }
    return [known.get(each.name, world.values["context"]) for each in method.parameters if each.is_required]


def test_without_maintenance_nothing_is_said(client: Client) -> None:
    assert "Maintenance" not in client.get("/").text
