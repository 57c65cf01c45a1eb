"""An observatory that only one YAML file knows, from its start to the best references of a new exposure."""

import secrets
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests
from astropy.io import fits

from apps.client_package import document, wheel
from apps.rules.observatories.definition_reader import read_definition
from tests.contract.client import Client
from tests.contract.environments import make_environment
from tests.live import PATIENCE, LiveServer, free_port, running
from tests.roots import PROJECT, environment_for, manage

pytestmark = pytest.mark.development_server("it begins with a new folder, as `manage.py up` does")

DEFINITION = PROJECT / "apps" / "demo" / "observatories" / "keckao.yaml"
ARRIVAL = {"TELESCOP": "Keck I", "INSTRUME": "HISPEC", "DETECTOR": "H4RG_B", "READMODE": "CDS"}
REFERENCE = {
    **ARRIVAL,
    "REFTYPE": "WAVE",
    "USEAFTER": "2026-01-01T00:00:00",
    "PEDIGREE": "GROUND",
    "DESCRIP": "Arc lamps of the night before",
    "AUTHOR": "Homer Simpson",
}
EXPOSURE = {**ARRIVAL, "DATE-OBS": "2026-01-02", "UT": "03:04:05", "KOAID": "KOA.20260102.03456"}


@pytest.fixture(scope="module")
def keckao_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keckao")


@pytest.fixture(scope="module")
def keckao_live(keckao_root: Path) -> Iterator[LiveServer]:
    port = free_port()
    environment = environment_for("keckao", keckao_root, f"sqlite:///{keckao_root}/crds.sqlite3") | {
        "PUBLIC_URL": f"http://localhost:{port}",
        "WARM_UP": "0",
    }
    del environment["OBSERVATORY"]
    said = manage(environment, "start_observatory", str(DEFINITION))
    assert "made 9 mappings and keckao_0001.pmap" in said
    server = LiveServer("keckao", keckao_root, port, environment)
    with running(environment, port), closing(server):
        yield server


@pytest.fixture(scope="module")
def taught(keckao_root: Path) -> Path:
    """Return the Python of an environment with the stock client and the package."""
    content = document.to_bytes(document.make_document(read_definition(DEFINITION.read_text())))
    return make_environment(keckao_root / "environment", wheel.build(content))


@pytest.fixture
def client(keckao_live: LiveServer, taught: Path, tmp_path: Path) -> Client:
    return Client(keckao_live, tmp_path, taught)


def make_fits(path: Path, keywords: dict[str, str]) -> Path:
    header = fits.Header()
    header.update(keywords)
    fits.PrimaryHDU(header=header).writeto(path)
    return path


@pytest.fixture
def token(client: Client) -> dict[str, str]:
    """Return the variables of somebody who may deliver."""
    name = f"homer-{secrets.token_hex(3)}"
    said = client.server.manage("create_account", name, "--role", "submitter", "--print-token")
    value = next(line for line in said.splitlines() if line.startswith("crds_"))
    return {"CRDS_USERNAME": name, "MAST_API_TOKEN": value}


def test_a_delivery_gives_the_new_file_to_a_new_exposure(
    client: Client, tmp_path: Path, token: dict[str, str]
) -> None:
    assert "keckao_0001.pmap" in client.crds("list", "--status").text
    assert client.crds("sync", "--contexts", "keckao_0001.pmap").status == 0
    reference = make_fits(tmp_path / "wave.fits", REFERENCE)
    certified = client.crds("certify", str(reference), "--comparison-context", "keckao_0001.pmap")
    assert "0 errors" in certified.text, certified.text
    what = ("--description", "First arcs", "--creator", "HISPEC Team")
    how = ("--submission-kind", "batch", "--monitor-processing", "--wait-for-completion", "--autoconfirm")
    submitted = client.crds(
        "submit", "--files", str(reference), *how, "--wipe-existing-files", *what, **token
    )
    assert submitted.status == 0, submitted.text
    facts = requests.get(f"{client.server.url}/api/v1/files?reftype=wave", timeout=PATIENCE).json()["items"]
    assert [(file["name"], file["is_provisional"]) for file in facts if file["kind"] == "reference"] == [
        ("keckao_hispec_wave_0001.fits", True)
    ]
    exposure = make_fits(tmp_path / "KOA.20260102.03456.fits", EXPOSURE)
    where = ("--files", str(exposure), "--new-context", "keckao-edit", "--types", "wave")
    chosen = client.crds("bestrefs", *where, "--sync-references=1", "--update-bestrefs")
    assert chosen.status == 0, chosen.text
    assert fits.getheader(exposure)["R_WAVE"].endswith("keckao_hispec_wave_0001.fits")
    matched = client.crds(
        "matches", "--contexts", "keckao_0002.pmap", "--files", "keckao_hispec_wave_0001.fits"
    )
    assert "H4RG_B" in matched.text, matched.text


def test_a_value_outside_the_vocabulary_is_refused_by_client_and_server(
    client: Client, tmp_path: Path, token: dict[str, str]
) -> None:
    client.crds("sync", "--contexts", "keckao_0001.pmap")
    wrong = make_fits(tmp_path / "wrong.fits", REFERENCE | {"DETECTOR": "H4RG_X"})
    certified = client.crds("certify", str(wrong), "--comparison-context", "keckao_0001.pmap")
    assert "H4RG_X" in certified.text
    how = ("--submission-kind", "certify", "--monitor-processing", "--wait-for-completion")
    submitted = client.crds("submit", "--files", str(wrong), *how, "--wipe-existing-files", **token)
    assert "H4RG_X" in submitted.text, submitted.text
