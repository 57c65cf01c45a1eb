"""The client package and the stock client in one environment, with a cache and without a server.

Each client that the package was tried with has an environment of its own; older ones are campaigns.
"""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from apps.client_package import wheel
from apps.client_package.document import sha1sum_of
from apps.client_package.template.versions import TRIED
from tests.contract.environments import install, make_environment
from tests.factories.definitions import TINYLAB, make_content, make_definition
from tests.factories.keckao_cache import CONTEXT, DARK, EXPOSURE, make_keckao_cache, write_hispec
from tests.needs import client_python, old_client_python
from tests.patience import HANG

pytestmark = pytest.mark.development_server("it needs no server")

NEWEST = TRIED[-1]
OLDER = [
    pytest.param(version, marks=[pytest.mark.campaign, pytest.mark.needs("old-clients")])
    for version in TRIED[:-1]
]


@dataclass
class Offline:
    """An environment with packages, and a cache that nobody synchronizes."""

    python: Path
    cache: Path

    def run(self, *command: str | Path, **extra: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.cache),
            "CRDS_OBSERVATORY": "keckao",
            "CRDS_SERVER_URL": "https://keckao-serverless.invalid",
            "CRDS_PATH": str(self.cache),
            **extra,
        }
        return subprocess.run(
            [self.python, *command],
            cwd=self.cache,
            env={name: value for name, value in environment.items() if value},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def crds(self, command: str, *arguments: str, **extra: str) -> str:
        done = self.run("-m", f"crds.{command}", *arguments, **extra)
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout + done.stderr

    def python_says(self, program: str, **extra: str) -> str:
        done = self.run("-c", program, **extra)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="module")
def keckao(tmp_path_factory: pytest.TempPathFactory) -> Offline:
    """Return the newest client with the packages of two made-up observatories."""
    root = tmp_path_factory.mktemp("packages")
    wheels = [wheel.build(make_content()), wheel.build(make_content(make_definition(TINYLAB)))]
    return Offline(make_environment(root / "env", *wheels), make_keckao_cache(root / "cache"))


@pytest.fixture(params=[NEWEST, *OLDER])
def any_client(request: pytest.FixtureRequest, tmp_path: Path) -> Offline:
    client = client_python() if request.param == NEWEST else old_client_python(request.param)
    python = make_environment(tmp_path / "env", wheel.build(make_content()), client=client)
    return Offline(python, make_keckao_cache(tmp_path / "cache"))


@pytest.mark.parametrize("any_client", [NEWEST, *OLDER], indirect=True)
def test_every_client_that_was_tried_lists_selects_and_certifies(any_client: Offline) -> None:
    write_hispec(any_client.cache / "exposure.fits", EXPOSURE)
    write_hispec(any_client.cache / "new_dark.fits", DARK)
    write_hispec(any_client.cache / "bad_dark.fits", DARK, DETECTOR="H9")
    write_hispec(any_client.cache / "odd_dark.fits", DARK, SCALE="9MAS")  # It chooses no dark.
    write_hispec(any_client.cache / "two_darks.fits", DARK, P_READ="CDS|UTR")
    assert f"Effective Context = '{CONTEXT}'" in any_client.crds("list", "--status")
    found = any_client.crds(
        "bestrefs", "--files", "exposure.fits", "--new-context", CONTEXT, "--update-bestrefs"
    )
    assert "0 errors" in found
    recorded = (
        "from astropy.io import fits; h = fits.getheader('exposure.fits'); print(h['R_DARK'], h['R_WAVE'])"
    )
    assert any_client.python_says(recorded) == (
        "crds://keckao_hispec_dark_0001.fits crds://keckao_hispec_wave_0002.fits"
    )
    said = any_client.crds("certify", "bad_dark.fits", "odd_dark.fits", "--comparison-context", CONTEXT)
    assert "Checking 'DETECTOR' : Value 'H9' is not one of" in said
    assert "Checking 'SCALE' : Value '9MAS' is not one of" in said
    verdicts = {"new_dark.fits": "0 errors", "two_darks.fits": "is an equal weight special case"}
    for name, verdict in verdicts.items():
        options = ("--comparison-context", CONTEXT, "--check-rmap-updates")
        assert verdict in any_client.crds("certify", name, *options)


def test_local_tools_work(keckao: Offline) -> None:
    reference = "keckao_hispec_wave_0002.fits"
    assert CONTEXT in keckao.crds("uses", "--files", reference, "--keckao", CRDS_OBSERVATORY="")
    assert "DETECTOR='H4RG_B'" in keckao.crds("matches", "--files", reference, "--contexts", CONTEXT)


ANSWERS = """
import json
import crds
from crds import keckao, lablight
from crds.core import config, constants, utils

answers = {}
header = {"CURRINST": "HISPEC", "DETECTOR": "H4RG_B", "READMODE": "CDS"}
answers["recommended"] = crds.getrecommendations(header | {"DATE-OBS": "2020-02-03", "UT": "01:02:03"})
answers["place of a younger type"] = config.locate_file("keckao_nirx_ghost_0001.fits", "keckao")
for number, hostile in enumerate(("../../x", "/etc", "a" * 99)):
    parameters = {"INSTRUME": hostile}
    try:
        answers[f"hostile {number}"] = config.locate_file("a.fits", "keckao", parameters=parameters)
    except Exception as exc:
        answers[f"hostile {number}"] = type(exc).__name__
answers["observatories"] = sorted(constants.ALL_OBSERVATORIES)
answers["instruments"] = [keckao.INSTRUMENTS, lablight.INSTRUMENTS]
answers["owners"] = [utils.instrument_to_observatory(name) for name in ("liger", "benchcam", "acs")]
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers(keckao: Offline) -> dict[str, Any]:
    """Return what one process with two packages answers, for its start takes longer than all answers."""
    found: dict[str, Any] = json.loads(keckao.python_says(ANSWERS))
    return found


def test_the_observatory_of_the_environment_is_the_default_of_functions(answers: dict[str, Any]) -> None:
    """A synonym names the instrument here."""
    assert answers["recommended"] == {
        "dark": "keckao_hispec_dark_0001.fits",
        "wave": "keckao_hispec_wave_0001.fits",
    }


def test_a_type_younger_than_the_package_has_a_place_in_the_cache(answers: dict[str, Any]) -> None:
    place = "/references/keckao/nirx/keckao_nirx_ghost_0001.fits"
    assert answers["place of a younger type"].endswith(place)


def test_a_name_of_an_instrument_never_leads_out_of_the_cache(answers: dict[str, Any]) -> None:
    found = [answers[f"hostile {number}"] for number in range(3)]
    assert [text for text in found if "/" in text] == []


def test_two_packages_live_side_by_side(answers: dict[str, Any]) -> None:
    assert answers["observatories"] == ["hst", "jwst", "keckao", "lablight", "roman", "tobs"]
    assert answers["instruments"] == [["hispec", "liger"], ["benchcam", "liger"]]
    assert answers["owners"] == ["keckao", "lablight", "hst"]


def test_an_instrument_of_both_is_that_of_the_observatory_that_is_wanted(keckao: Offline) -> None:
    program = """
import os
from crds.core import utils
for os.environ["CRDS_OBSERVATORY"] in ("keckao", "lablight", "keckao", "hst"):
    print(utils.instrument_to_observatory("LIGER"), utils.instrument_to_observatory("acs"))
"""
    owners = keckao.python_says(program).splitlines()
    assert owners == ["keckao hst", "lablight hst", "keckao hst", "keckao hst"]


def test_a_start_of_python_does_and_imports_next_to_nothing(keckao: Offline) -> None:
    program = (
        "import sys; print([name for name in sys.modules if 'crds' in name or name == 'importlib.util'])"
    )
    loaded = keckao.python_says(program)
    assert loaded == "['crds_keckao', 'crds_keckao.hook', 'crds_lablight', 'crds_lablight.hook']"
    counted = """
import sys, importlib
sys.path.insert(0, sys.argv[1])
importlib.import_module("crds_lablight.hook")
calls = 0
def count(frame, event, argument):
    global calls
    calls += frame.f_code.co_filename.startswith(sys.argv[1]) and event == "call"
sys.setprofile(count)
importlib.import_module("crds_keckao.hook")
sys.setprofile(None)
print(calls)
"""
    place = next((keckao.python.parent.parent / "lib").glob("python*")) / "site-packages"
    assert 0 < int(keckao.run("-S", "-c", counted, str(place)).stdout) < 20


def test_answers_for_other_observatories_are_the_same_with_and_without(keckao: Offline) -> None:
    program = """
import crds
from crds.core import config, utils
from crds.io import factory
print(utils.instrument_to_observatory("acs"), utils.file_to_observatory("jwst_miri_dark_0001.fits"))
print(config.CRDS_DEFAULT_SERVERS["hst"], utils.header_to_instrument({"INSTRUME": "MIRI"}))
print(factory.get_observatory("x_jwst.json"), utils.get_observatory_package("hst").__file__)
"""
    hst = {"CRDS_OBSERVATORY": "hst", "CRDS_SERVER_URL": "https://hst-serverless.invalid"}
    alone = Offline(client_python(), keckao.cache)
    assert keckao.python_says(program, **hst) == alone.python_says(program, **hst)


def test_an_untried_client_is_refused_for_this_observatory_only(tmp_path: Path) -> None:
    python = make_environment(tmp_path / "env", wheel.build(make_content()))
    untried = Offline(python, make_keckao_cache(tmp_path / "cache"))
    place = next((python.parent.parent / "lib").glob("python*")) / "site-packages" / "crds-99.0.dist-info"
    place.mkdir()
    (place / "METADATA").write_text("Metadata-Version: 2.1\nName: crds\nVersion: 99.0\n")
    refused = untried.run("-m", "crds.list", "--status")
    assert refused.returncode != 0
    assert "was tried with crds 12.1.11, 13.0.7, 13.2.7, 14.0.3, and crds 99.0 is installed" in refused.stderr
    assert "pip install crds==14.0.3" in refused.stderr
    hst = {"CRDS_OBSERVATORY": "hst", "CRDS_SERVER_URL": "https://hst-serverless.invalid"}
    program = "import crds; from crds.core import constants; print(constants.ALL_OBSERVATORIES)"
    assert untried.python_says(program, **hst) == "['hst', 'jwst', 'roman', 'tobs']"
    assert CONTEXT in untried.crds("list", "--status", CRDS_KECKAO_UNTRIED="1")


def test_a_newer_definition_in_the_cache_counts(tmp_path: Path) -> None:
    content = make_content(telescopes=["keck iii"], version="1.1")
    python = make_environment(tmp_path / "env", wheel.build(make_content()))
    cache = make_keckao_cache(tmp_path / "cache", definition_sha1sum=sha1sum_of(content))
    client = Offline(python, cache)
    program = "import crds; from crds.keckao import DOCUMENT; print(DOCUMENT['version'])"
    assert client.python_says(program) == "1.0"
    place = cache / "config" / "keckao" / f"definition_{sha1sum_of(content)}.json"
    place.write_bytes(content)
    assert client.python_says(program) == "1.1"
    place.write_bytes(content + b" ")
    assert client.python_says(program) == "1.0"


def test_nothing_stays_after_the_package_is_removed(tmp_path: Path) -> None:
    made = wheel.build(make_content())
    python = make_environment(tmp_path / "env")
    place = next((python.parent.parent / "lib").glob("python*")) / "site-packages"
    before = {str(path) for path in place.rglob("*")}
    install(python, made)
    pip = [client_python(), "-m", "pip", "--python", python, "uninstall", "--yes", "crds-keckao"]
    subprocess.run(pip, check=True, capture_output=True, timeout=HANG)
    assert {str(path) for path in place.rglob("*")} == before


FETCH = """
import functools, http.server, json, sys, threading
import crds
from crds.core import config, log
from crds_keckao import definition

class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=sys.argv[1]))
threading.Thread(target=server.serve_forever, daemon=True).start()
own = f"http://127.0.0.1:{server.server_port}/"
log.set_verbose(0)
for number, (folder, sha1sum) in enumerate(json.loads(sys.argv[2])):
    print(f"-- {number}", file=sys.stderr)
    definition.fetch({"definition_sha1sum": sha1sum, "config_url": {"keckao": folder.replace("OWN/", own)}})
server.shutdown()
"""


def test_a_definition_that_cannot_be_used_is_a_warning_and_no_more(keckao: Offline, tmp_path: Path) -> None:
    good = make_content(version="1.1")
    strange = {
        "0" * 40: good,
        **{
            sha1sum_of(content): content
            for content in (make_content(observatory="lablight"), make_content(format=2), b"[1]", b"<html>")
        },
        sha1sum_of(good): good,
    }
    for sha1sum, content in strange.items():
        (tmp_path / f"definition_{sha1sum}.json").write_bytes(content)
    asked = [("OWN/", sha1sum) for sha1sum in strange]
    asked += [("OWN/", "1" * 40), (f"file://{tmp_path}", "2" * 40), ("OWN/", "../../x"), ("OWN/", "")]
    done = keckao.run("-c", FETCH, str(tmp_path), json.dumps(asked))
    assert done.returncode == 0, done.stderr
    said = [part.partition("\n")[2].strip() for part in done.stderr.split("-- ")[1:]]
    for text, expected in zip(
        said,
        (
            "has sha1sum",
            "is that of 'lablight'",
            "has format 2, and this package reads format 1",
            "not a definition",
            "not a definition",
            "Fetched version 1.1",
            "404",
            "not an address of the web",
            "",
            "",
        ),
        strict=True,
    ):
        assert expected in text if expected else not text, text
    kept = (keckao.cache / "config" / "keckao").glob("definition_*")
    assert [path.name for path in kept] == [f"definition_{sha1sum_of(good)}.json"]
