"""An observatory that only one YAML file knows, from its start to the best references of a new exposure."""

import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from astropy.io import fits

from apps.client_package import document, wheel
from apps.rules.observatories.definition_reader import read_definition
from tests.contract.client import Client, Done
from tests.live import LiveServer, free_port, running
from tests.needs import client_python
from tests.roots import PROJECT, environment_for, manage

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


@dataclass
class TaughtClient(Client):
    """A client in an environment that has the package of the observatory besides the stock client."""

    environment_folder: Path

    def crds(self, *arguments: str, **extra: str) -> Done:
        python = str(self.environment_folder / "bin" / "python")
        command, *rest = arguments
        return self._run(python, "-m", f"crds.{command}", *rest, **extra)


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
    with running(environment, port):
        yield LiveServer("keckao", keckao_root, port, environment)


@pytest.fixture(scope="module")
def taught(keckao_root: Path) -> Path:
    """Return an environment with the stock client and the package."""
    folder = keckao_root / "environment"
    subprocess.run([client_python(), "-m", "venv", "--without-pip", str(folder)], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    program = "import sysconfig; print(sysconfig.get_path('purelib'))"
    stock = subprocess.check_output([client_python(), "-c", program], text=True).strip()
    (packages / "stock.pth").write_text(f"{stock}\n")
    content = document.to_bytes(document.make_document(read_definition(DEFINITION.read_text())))
    wheel.unpack(wheel.package_files(content), packages)
    return folder


@pytest.fixture
def client(keckao_live: LiveServer, taught: Path, tmp_path: Path) -> TaughtClient:
    return TaughtClient(keckao_live, tmp_path, taught)


def make_fits(path: Path, keywords: dict[str, str]) -> Path:
    header = fits.Header()
    header.update(keywords)
    fits.PrimaryHDU(header=header).writeto(path)
    return path


@pytest.fixture
def token(client: TaughtClient) -> dict[str, str]:
    """Return the variables of somebody who may deliver."""
    name = f"homer-{secrets.token_hex(3)}"
    said = client.server.manage("create_account", name, "--role", "submitter", "--print-token")
    value = next(line for line in said.splitlines() if line.startswith("crds_"))
    return {"CRDS_USERNAME": name, "MAST_API_TOKEN": value}


def test_a_delivery_gives_the_new_file_to_a_new_exposure(
    client: TaughtClient, tmp_path: Path, token: dict[str, str]
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
    client: TaughtClient, tmp_path: Path, token: dict[str, str]
) -> None:
    client.crds("sync", "--contexts", "keckao_0001.pmap")
    wrong = make_fits(tmp_path / "wrong.fits", REFERENCE | {"DETECTOR": "H4RG_X"})
    certified = client.crds("certify", str(wrong), "--comparison-context", "keckao_0001.pmap")
    assert "H4RG_X" in certified.text
    how = ("--submission-kind", "certify", "--monitor-processing", "--wait-for-completion")
    submitted = client.crds("submit", "--files", str(wrong), *how, "--wipe-existing-files", **token)
    assert "H4RG_X" in submitted.text, submitted.text
