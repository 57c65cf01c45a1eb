"""Observatories that only a YAML file knows, from their start to the best references of a new exposure.

There are two, each with a server of its own: one whose file lies in the repository, and one whose file is
proposed from a folder of files. One environment has the stock client and the packages of both.
"""

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from astropy.io import fits

from tests.contract.client import Client
from tests.contract.environments import make_environment, pip_install
from tests.live import LiveServer, free_port, running
from tests.patience import HANG
from tests.roots import PROJECT, environment_for, manage

pytestmark = pytest.mark.development_server("it begins with a new folder, as `manage.py up` does")

KECKAO_FILE = PROJECT / "apps" / "demo" / "observatories" / "keckao.yaml"
ABOUT = {
    "USEAFTER": "2026-01-01T00:00:00",
    "PEDIGREE": "GROUND",
    "DESCRIP": "Arc lamps of the night before",
    "AUTHOR": "Homer Simpson",
}


@dataclass(frozen=True)
class Walk:
    """One observatory and the files of a walk through it.

    Attributes
    ----------
    made
        What the command that starts it says.
    kept_as
        The keyword that records the reference in data.
    """

    observatory: str
    made: str
    arrival: dict[str, str]
    reftype: str
    reference: str
    kept_as: str
    exposure: str
    is_provisional: bool = False
    in_exposure: dict[str, str] = field(default_factory=dict)

    @property
    def reference_header(self) -> dict[str, str]:
        return {**self.arrival, "REFTYPE": self.reftype.upper(), **ABOUT}

    @property
    def exposure_header(self) -> dict[str, str]:
        return {**self.arrival, "DATE-OBS": "2026-01-02", "UT": "03:04:05", **self.in_exposure}


KECKAO = Walk(
    "keckao",
    "made 9 mappings and keckao_0001.pmap",
    {"TELESCOP": "Keck I", "INSTRUME": "HISPEC", "DETECTOR": "H4RG_B", "READMODE": "CDS"},
    "wave",
    "keckao_hispec_wave_0001.fits",
    "R_WAVE",
    "KOA.20260102.03456",
    is_provisional=True,
    in_exposure={"KOAID": "KOA.20260102.03456"},
)
ALPINE = Walk(
    "alpine",
    "made 4 mappings and alpine_0001.pmap",
    {"TELESCOP": "Alpine", "INSTRUME": "EDEL", "ARM": "RED"},
    "arc",
    "alpine_edel_arc_0001.fits",
    "R_ARC",
    "E20260102S0001",
    in_exposure={"FILENAME": "E20260102S0001.fits"},
)


@contextmanager
def serving(walk: Walk, root: Path, definition: Path) -> Iterator[LiveServer]:
    """Start an observatory with the command that people use, and serve it."""
    port = free_port()
    environment = environment_for(walk.observatory, root, f"sqlite:///{root}/crds.sqlite3") | {
        "PUBLIC_URL": f"http://localhost:{port}",
        "WARM_UP": "0",
    }
    del environment["OBSERVATORY"]
    assert walk.made in manage(environment, "start_observatory", str(definition))
    server = LiveServer(walk.observatory, root, port, environment)
    with running(environment, port), closing(server):
        yield server


@pytest.fixture(scope="module")
def keckao_live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with serving(KECKAO, tmp_path_factory.mktemp("keckao"), KECKAO_FILE) as server:
        yield server


@pytest.fixture(scope="module")
def alpine_live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Return the server of an observatory whose definition is proposed from files."""
    night, root = tmp_path_factory.mktemp("night"), tmp_path_factory.mktemp("alpine")
    for arm in ("RED", "BLUE"):
        for kind in ("ARC", "FLAT"):
            header = {**ALPINE.reference_header, "ARM": arm, "REFTYPE": kind}
            make_fits(night / f"{kind}_{arm}.fits", header)
    make_fits(night / f"{ALPINE.exposure}.fits", ALPINE.exposure_header)
    environment = environment_for("alpine", root, f"sqlite:///{root}/crds.sqlite3")
    del environment["OBSERVATORY"]
    definition = night / "alpine.yaml"
    asked = ("new_observatory", "alpine", "--from-files", str(night), "--output", str(definition))
    assert "Read 5 files: 1 instruments, 2 types (edel arc, edel flat)." in manage(environment, *asked)
    with serving(ALPINE, root, definition) as server:
        yield server


@pytest.fixture(scope="module")
def taught(
    keckao_live: LiveServer, alpine_live: LiveServer, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return the Python of an environment with the stock client and both packages."""
    python = make_environment(tmp_path_factory.mktemp("user") / "environment")
    for server in (keckao_live, alpine_live):
        pip_install(python, f"crds-{server.observatory}", server)
    return python


@pytest.fixture
def client(keckao_live: LiveServer, taught: Path, tmp_path: Path) -> Client:
    return Client(keckao_live, tmp_path, taught)


@pytest.fixture(params=[KECKAO, ALPINE], ids=["keckao", "alpine"])
def walk(request: pytest.FixtureRequest) -> Walk:
    found: Walk = request.param
    return found


@pytest.fixture
def walker(
    walk: Walk, keckao_live: LiveServer, alpine_live: LiveServer, taught: Path, tmp_path: Path
) -> Client:
    """Return a user of the observatory of the walk, in the environment that has both packages."""
    return Client(keckao_live if walk is KECKAO else alpine_live, tmp_path, taught)


def make_fits(path: Path, keywords: dict[str, str]) -> Path:
    header = fits.Header()
    header.update(keywords)
    fits.PrimaryHDU(header=header).writeto(path)
    return path


def token_of(server: LiveServer) -> dict[str, str]:
    """Return the variables of somebody who may deliver."""
    name = f"homer-{secrets.token_hex(3)}"
    said = server.manage("create_account", name, "--role", "submitter", "--print-token")
    value = next(line for line in said.splitlines() if line.startswith("crds_"))
    return {"CRDS_USERNAME": name, "MAST_API_TOKEN": value}


def test_a_delivery_gives_the_new_file_to_a_new_exposure(walk: Walk, walker: Client, tmp_path: Path) -> None:
    first, second = (f"{walk.observatory}_000{number}.pmap" for number in (1, 2))
    status = walker.crds("list", "--status").text
    assert f"Effective Context = '{first}'" in status
    assert walker.server.url in status
    assert walker.crds("sync", "--contexts", first).status == 0
    exposure = make_fits(tmp_path / f"{walk.exposure}.fits", walk.exposure_header)
    asked = ("bestrefs", "--files", str(exposure), "--types", walk.reftype)
    early = walker.crds(*asked, "--new-context", first, "--print-new-references")
    assert walk.reference not in early.text.lower(), early.text
    reference = make_fits(tmp_path / f"{walk.reftype}.fits", walk.reference_header)
    certified = walker.crds("certify", str(reference), "--comparison-context", first)
    assert "0 errors" in certified.text, certified.text
    what = ("--description", "First arcs", "--creator", "The team")
    how = ("--submission-kind", "batch", "--monitor-processing", "--wait-for-completion", "--autoconfirm")
    submit = ("submit", "--files", str(reference), *how, "--wipe-existing-files", *what)
    submitted = walker.crds(*submit, **token_of(walker.server))
    assert submitted.status == 0, submitted.text
    files = f"{walker.server.url}/api/v1/files?reftype={walk.reftype}"
    facts = requests.get(files, timeout=HANG).json()["items"]
    assert [(file["name"], file["is_provisional"]) for file in facts if file["kind"] == "reference"] == [
        (walk.reference, walk.is_provisional)
    ]
    edit = ("--new-context", f"{walk.observatory}-edit", "--sync-references=1", "--update-bestrefs")
    chosen = walker.crds(*asked, *edit)
    assert chosen.status == 0, chosen.text
    assert fits.getheader(exposure)[walk.kept_as].endswith(walk.reference)
    matched = walker.crds("matches", "--contexts", second, "--files", walk.reference)
    value = "H4RG_B" if walk is KECKAO else "RED"
    assert value in matched.text, matched.text


def test_a_value_outside_the_vocabulary_is_refused_by_client_and_server(
    client: Client, tmp_path: Path
) -> None:
    client.crds("sync", "--contexts", "keckao_0001.pmap")
    wrong = make_fits(tmp_path / "wrong.fits", KECKAO.reference_header | {"DETECTOR": "H4RG_X"})
    certified = client.crds("certify", str(wrong), "--comparison-context", "keckao_0001.pmap")
    assert "H4RG_X" in certified.text
    how = ("--submission-kind", "certify", "--monitor-processing", "--wait-for-completion")
    submit = ("submit", "--files", str(wrong), *how, "--wipe-existing-files")
    submitted = client.crds(*submit, **token_of(client.server))
    assert "H4RG_X" in submitted.text, submitted.text
