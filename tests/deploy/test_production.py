"""The unmodified client against nginx, web processes, a worker and beat, all started as deploy/ says."""

import hashlib
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.contract.test_submissions import RESULT, Team
from tests.deploy.production import DEPLOY, ProductionServer, SecureClient, production
from tests.patience import HANG
from tests.roots import filled_root

pytestmark = [pytest.mark.needs("nginx"), pytest.mark.xdist_group("production"), pytest.mark.campaign]
FLAT = "/unchecked_get/references/jwst/jwst_miri_flat_0006.fits"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProductionServer]:
    folder = tmp_path_factory.mktemp("production")
    with (
        filled_root("jwst", folder / "root", fill=("seed_demo",)) as database_url,
        production(folder / "root", folder / "run", database_url=database_url) as running,
    ):
        yield running


@pytest.fixture
def client(server: ProductionServer, tmp_path: Path) -> SecureClient:
    return SecureClient(server, tmp_path)


def test_the_client_lists_syncs_and_asks(client: SecureClient) -> None:
    listed = client.crds("list", "--status")
    assert client.server.url in listed.text, listed.text
    synced = client.crds("sync", "--contexts", "jwst-latest", "--fetch-references")
    assert (synced.status, "0 errors" in synced.text) == (0, True), synced.text
    ids = client.crds("list", "--dataset-ids-for-instruments", "miri").output.split()
    asked = client.crds("bestrefs", "--datasets", ids[0], "--new-context", "jwst-latest")
    assert (asked.status, "0 errors" in asked.text) == (0, True), asked.text


def test_the_client_delivers_and_confirms(client: SecureClient) -> None:
    said = client.server.manage("create_account", "homer", "--role", "submitter", "--print-token")
    token = next(line for line in said.splitlines() if line.startswith("crds_"))
    team = Team(client, "homer", token)
    done = team.submit(files=[team.new_flat()])
    assert done.status == 0, done.text
    found = RESULT.search(done.text)
    assert found, done.text
    assert found[1].startswith(f"{client.server.url}/display_result/")
    assert ">Confirmed<" in team.decide(found[1], "confirm")


def test_nginx_sends_the_bytes_that_the_server_names(server: ProductionServer) -> None:
    stored = (server.root / "store" / "references" / "jwst" / FLAT.rpartition("/")[2]).read_bytes()
    asked = urllib.request.Request(f"http://127.0.0.1:{server.web_port}{FLAT}", headers={"Host": "localhost"})
    with urllib.request.urlopen(asked) as inside:
        assert inside.headers["X-Accel-Redirect"].startswith("/crds-store/references/jwst/")
        assert inside.read() == b""
    with server.open(FLAT) as answer:
        assert answer.read() == stored
        assert answer.headers["ETag"] == f'"{hashlib.sha1(stored, usedforsecurity=False).hexdigest()}"'
        assert "X-Accel-Redirect" not in answer.headers
    with server.open(FLAT, Range="bytes=10-19") as part:
        assert (part.status, part.read()) == (206, stored[10:20])


@pytest.mark.parametrize(
    "path", ["/crds-store/references/jwst/jwst_miri_flat_0006.fits", "/crds-store/../env"]
)
def test_the_store_has_no_address_of_its_own(server: ProductionServer, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        server.open(path)
    refused.value.close()
    assert refused.value.code in (400, 404)


def test_plain_http_leads_to_https_and_ipv6_answers(server: ProductionServer) -> None:
    moved = requests.get(
        f"http://localhost:{server.plain_port}/browse/x?y=1", allow_redirects=False, timeout=HANG
    )
    assert (moved.status_code, moved.headers["Location"]) == (308, "https://localhost/browse/x?y=1")
    with server.open("/healthz", host="[::1]") as answer:
        assert answer.status == 200


def check_of(server: ProductionServer, name: str) -> dict[str, Any]:
    """Return one of the checks of readiness, which fail or not."""
    try:
        answer = server.open("/readyz")
    except urllib.error.HTTPError as not_ready:
        answer = not_ready
    with answer:
        [found] = [check for check in json.load(answer)["checks"] if check["name"] == name]
    return dict(found)


def test_the_settings_of_the_file_are_in_force(server: ProductionServer) -> None:
    with server.open("/login/") as page:
        assert "includeSubDomains" in page.headers["Strict-Transport-Security"]
        assert all("Secure" in cookie for cookie in page.headers.get_all("Set-Cookie"))
    # A busy machine may miss a sign of life of its worker, but not for long.
    until = time.monotonic() + HANG
    while not (worker := check_of(server, "worker"))["is_ok"] and time.monotonic() < until:
        time.sleep(1)
    assert worker["is_ok"], worker


def test_the_health_checks_hold_with_a_real_host_name(server: ProductionServer) -> None:
    environment = {"DATA_ROOT": str(server.root)}

    def is_healthy(*words: str, **changes: str) -> bool:
        command = [sys.executable, str(DEPLOY / "health.py"), *words]
        return not subprocess.run(command, env=environment | changes, capture_output=True).returncode

    until = time.monotonic() + HANG
    while not is_healthy("web", str(server.web_port)):  # It asks a busy machine once, for eight seconds.
        assert time.monotonic() < until
    assert not is_healthy("web", str(server.plain_port))
    assert is_healthy("beat")
    assert not is_healthy("beat", DATA_ROOT="/nowhere")


def test_nginx_logs_each_request_with_its_id_and_no_query(server: ProductionServer) -> None:
    with server.open("/healthz?password=secret") as answer:
        identifier = answer.headers["X-Request-Id"]
    lines = [json.loads(line) for line in (server.folder / "crds.access.log").read_text().splitlines()]
    ours = [line for line in lines if line["request_id"] == identifier]
    assert [(line["path"], line["status"]) for line in ours] == [("/healthz", 200)]
    assert "secret" not in (server.folder / "crds.access.log").read_text()


def test_a_server_below_a_path_answers_the_client(tmp_path: Path) -> None:
    with (
        filled_root("jwst", tmp_path / "root", fill=("seed_demo",)) as database_url,
        production(tmp_path / "root", tmp_path / "run", database_url=database_url, base="/cal") as below,
    ):
        (tmp_path / "cache").mkdir()
        client = SecureClient(below, tmp_path / "cache")
        synced = client.crds("sync", "--contexts", "jwst-latest", "--fetch-references")
        assert (synced.status, "0 errors" in synced.text) == (0, True), synced.text


def test_metrics_are_for_this_machine_and_not_for_callers_of_nginx(server: ProductionServer) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.web_port}/metrics") as answer:
        assert b"crds_server_info" in answer.read()
    with pytest.raises(urllib.error.HTTPError) as refused:
        server.open("/metrics")
    refused.value.close()
    assert refused.value.code == 404
