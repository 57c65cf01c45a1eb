"""The unmodified client and a browser's requests below a path, with nginx in front and without."""

import json
import re
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote

import pytest
import requests

from tests.contract.client import Client
from tests.contract.nginx import nginx
from tests.contract.test_submissions import RESULT, Team, make_team
from tests.live import LiveServer, free_port, live_server
from tests.patience import HANG

BASE = "/cal"
# The processes of production have an nginx of their own, which "alone" means for them.
NGINX = [pytest.mark.needs("nginx"), pytest.mark.development_server("it brings its own nginx")]
CALL = json.dumps({"jsonrpc": "1.0", "method": "get_default_context", "params": ["jwst"], "id": 1}).encode()


@pytest.fixture(
    scope="module",
    params=[
        "alone",
        pytest.param("nginx that removes the path", marks=NGINX),
        pytest.param("nginx that keeps the path", marks=NGINX),
    ],
)
def below(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Yield a demo server whose public address has a path."""
    way, folder = str(request.param), tmp_path_factory.mktemp("below")
    if way == "alone":
        with live_server("jwst", folder / "root", fill=("seed_demo",), base=BASE) as server:
            yield server
        return
    port, keeps_path = free_port(), way.endswith("keeps the path")
    with (
        live_server("jwst", folder / "root", fill=("seed_demo",), base=BASE, public_port=port) as server,
        nginx(folder / "nginx", port=port, behind=server.port, base=BASE, keeps_path=keeps_path),
        closing(LiveServer("jwst", server.root, port, server.environment, BASE)) as behind,
    ):
        yield behind


@pytest.fixture
def team(below: LiveServer, tmp_path: Path) -> Team:
    return make_team(below, tmp_path)


def test_the_client_lists_syncs_and_asks(below: LiveServer, tmp_path: Path) -> None:
    client = Client(below, tmp_path)
    listed = client.crds("list", "--status")
    assert below.url in listed.text, listed.text
    synced = client.crds("sync", "--contexts", "jwst-latest", "--fetch-references")
    assert (synced.status, "0 errors" in synced.text) == (0, True), synced.text
    ids = client.crds("list", "--dataset-ids-for-instruments", "miri").output.split()
    asked = client.crds("bestrefs", "--datasets", ids[0], "--new-context", "jwst-latest")
    assert (asked.status, "0 errors" in asked.text) == (0, True), asked.text


def test_the_client_delivers_and_replaces_what_it_uploaded(team: Team) -> None:
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {team.token}"
        left = {"files": ("left.fits", b"left behind")}
        assert session.post(f"{team.client.server.url}/upload/chunked/", files=left).ok
        # It wipes the file by the address that the listing gives.
        done = team.submit(files=[team.new_flat()])
        assert done.status == 0, done.text
        url = RESULT.search(done.text)[1]  # type: ignore[index]
        assert url.startswith(f"{team.client.server.url}/display_result/")
        assert "left.fits" not in session.get(f"{team.client.server.url}/upload/list/").text
    assert ">Cancelled<" in team.decide(url, "cancel")


def test_a_login_and_the_style_sheets_stay_below_the_path(below: LiveServer) -> None:
    person = below.manage("create_account", "marge", "--role", "submitter", "--print-token")
    token = next(line for line in person.splitlines() if line.startswith("crds_"))
    with requests.Session() as session:
        page = session.get(f"{below.url}/locks/")  # It leads to the login.
        assert unquote(page.url) == f"{below.url}/login/?next=/cal/locks/"
        origin = below.url.removesuffix(BASE)
        for sheet in set(re.findall(r'href="([^"]+\.css)"', page.text)):
            assert sheet.startswith(f"{BASE}/static/")
            assert session.get(f"{origin}{sheet}").ok
        form = {"password": token, "username": "marge", "instrument": "none", "next": "/cal/locks/"}
        form["csrfmiddlewaretoken"] = session.cookies["csrftoken"]
        sent = {
            "Origin": origin,
            "Referer": page.url,
        }  # A browser sends both, and over TLS one must be there.
        entered = session.post(f"{below.url}/login/", form, headers=sent)
        assert (entered.status_code, entered.url) == (200, f"{below.url}/locks/")
        assert {cookie.path for cookie in session.cookies} == {BASE}
        left = session.get(f"{below.url}/logout/", headers={"Referer": f"{below.url}/"})
        assert left.url == f"{below.url}/"


def test_bodies_without_a_length_arrive(below: LiveServer) -> None:
    asked = urllib.request.Request(f"{below.url}/json/", data=iter([CALL[:10], CALL[10:]]))
    with urllib.request.urlopen(asked, timeout=HANG) as answer:
        assert json.load(answer)["error"] is None
