"""A made-up observatory from its definition: a server, a package from its index, and the stock client.

A second package is installed beside the first one, and does not disturb it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asdf
import pytest

from apps.client_package import wheel
from tests.contract.client import Client, Done
from tests.contract.environments import make_environment, pip_install
from tests.factories.definitions import KECKAO, TINYLAB, make_content, make_definition
from tests.factories.keckao_cache import DARK, EXPOSURE, write_hispec
from tests.live import LiveServer, live_server

QUIET = ("--monitor-processing", "--wait-for-completion", "--wipe-existing-files")
DATASET = "KOA.20240203.03456:KOA.20240203.03456"
LIGER = {
    "TELESCOP": "Keck II",
    "INSTRUME": "LIGER",
    "AUTHOR": "A",
    "DESCRIP": "made",
    "PEDIGREE": "GROUND",
    "USEAFTER": "2023-01-01T00:00:00",
    "FILTER": "J",
}
ANSWERS = {
    "deliverer": "Homer Simpson",
    "instrument": "hispec",
    "file_type": "wave",
    "history_updated": True,
    "pedigree_updated": True,
    "keywords_checked": True,
    "descrip_updated": True,
    "useafter_updated": True,
    "useafter_matches": "Yes",
    "compliance_verified": "Yes",
    "calpipe_version": "1.0",
    "replacing_badfiles": "No",
    "modes_affected": "all",
    "correctness_testing": "looked at them",
    "change_level": "SEVERE",
    "description": "The first wavelength solutions",
}


@dataclass
class User(Client):
    """Somebody with the package in an environment, a cache, and the right to deliver."""

    token: str = ""

    def deliver(self, *files: str, about: str) -> Done:
        account = {"CRDS_USERNAME": "homer", "MAST_API_TOKEN": self.token}
        described = ("--description", about, "--creator", "Homer")
        return self.crds("submit", "--files", *files, *QUIET, "--autoconfirm", *described, **account)

    def edit_context(self) -> str:
        return self.crds("list", "--resolve-contexts", "--contexts", "keckao-edit").output.split()[-1]


@pytest.fixture(scope="module")
def keckao_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    root = tmp_path_factory.mktemp("keckao")
    definition = root / "keckao.yaml"
    definition.write_text(KECKAO)
    fill = ("start_observatory", str(definition))
    with live_server("keckao", root / "data", fill=fill, definition=definition) as server:
        yield server


@pytest.fixture(scope="module")
def user(keckao_server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> User:
    """Return a user who has installed the package as the page of the server says, and delivered darks."""
    root = tmp_path_factory.mktemp("user")
    # Both others have an instrument liger as well, and the first one is known to the client before ours.
    others = (TINYLAB.replace("lablight", "alpine"), TINYLAB)
    wheels = [wheel.build(make_content(make_definition(text))) for text in others]
    python = make_environment(root / "env", *wheels)
    pip_install(python, "crds-keckao", keckao_server)
    said = keckao_server.manage("create_account", "homer", "--role", "submitter", "--print-token")
    token = next(line for line in said.splitlines() if line.startswith("crds_"))
    (root / "cache").mkdir()
    user = User(keckao_server, root / "cache", python, token)
    write_hispec(user.cache / "exposure.fits", EXPOSURE)
    write_hispec(user.cache / "blue.fits", DARK, USEAFTER="2021-01-01T00:00:00")
    write_hispec(user.cache / "red.fits", DARK, DETECTOR="H4RG_R", P_READ="UTR|MCDS4")
    synced = user.crds("sync", "--contexts", "keckao-latest")
    assert "0 errors" in synced.text, synced.text
    done = user.deliver("blue.fits", "red.fits", about="The first darks")
    assert done.status == 0, done.text
    assert "added Match rule for 'keckao_hispec_dark_0001.fits'" in done.text
    again = user.crds("sync", "--contexts", "keckao-edit", "--fetch-references", "--check-sha1sum")
    assert "0 errors" in again.text, again.text
    return user


def test_status_names_this_server_and_its_context(user: User) -> None:
    said = user.crds("list", "--status").output
    assert "Effective Context = 'keckao_0001.pmap'" in said
    assert f"CRDS_SERVER_URL = '{user.server.url}'" in said


def test_local_and_remote_best_references_agree(user: User) -> None:
    common = (
        "bestrefs",
        "--files",
        "exposure.fits",
        "--new-context",
        "keckao-edit",
        "--print-new-references",
    )
    for options in ((), ("--remote-bestrefs",)):
        done = user.crds(*common, "--types", "dark", *options)
        assert "keckao_hispec_dark_0001.fits" in done.output.lower(), done.text


def test_functions_answer_the_same_locally_and_remotely(user: User) -> None:
    """The instrument stands under a synonym here."""
    program = """
import json, os
import crds
from crds.core import utils
header = {"CURRINST": "HISPEC", "DETECTOR": "H4RG_R", "READMODE": "UTR"}
header |= {"DATE-OBS": "2024-02-03", "UT": "01:02:03"}
found = []
for mode in ("local", "remote"):
    os.environ["CRDS_MODE"] = mode
    utils.clear_function_caches()
    recommended = crds.getrecommendations(header, reftypes=["dark"], context="keckao-edit")
    cached = crds.getreferences(header, reftypes=["dark"], context="keckao-edit")
    found.append([recommended["dark"], os.path.basename(cached["dark"])])
print(json.dumps(found))
"""
    done = user.python(program)
    assert done.status == 0, done.errors
    assert json.loads(done.output) == [["keckao_hispec_dark_0002.fits"] * 2] * 2


def test_rules_are_searched_and_compared(user: User) -> None:
    context, reference = user.edit_context(), "keckao_hispec_dark_0002.fits"
    matched = user.crds("matches", "--files", reference, "--contexts", context).output
    assert "DETECTOR='H4RG_R' READMODE='MCDS4|UTR'" in matched
    assert context in user.crds("uses", "--files", reference).output
    differences = user.crds("diff", "crds://keckao_0001.pmap", f"crds://{context}").output
    assert "replaced keckao_hispec_dark_0001.rmap with keckao_hispec_dark_0002.rmap" in differences


FACTS = """
import json, os
from crds.client import api
fields = ["useafter_date", "pedigree", "history", "reference_file_type"]
name = os.environ["NAME"]
print(json.dumps(api.get_file_info_map("keckao", [name], fields)[name]))
"""


def test_other_formats_are_delivered_and_certified(user: User) -> None:
    tree = asdf.AsdfFile({**LIGER, "REFTYPE": "DISTORT", "SCALE": "14MAS"})
    tree.add_history_entry("made")
    tree.write_to(user.cache / "distort.asdf")
    pars = {**LIGER, "REFTYPE": "PARS-RECTIFY", "HISTORY": "made", "order": 3}
    (user.cache / "pars.json").write_text(json.dumps(pars))
    certified = user.crds("certify", "distort.asdf", "pars.json", "--comparison-context", "keckao_0001.pmap")
    assert "0 errors" in certified.text, certified.text
    done = user.deliver("distort.asdf", "pars.json", about="A distortion and parameters")
    assert done.status == 0, done.text
    assert "Renaming 'pars.json' --> 'keckao_liger_pars-rectify_0001.json'" in done.text
    printed = user.python(FACTS, NAME="keckao_liger_pars-rectify_0001.json").output.splitlines()[-1]
    assert json.loads(printed) == {
        "useafter_date": "2023-01-01 00:00:00+00:00",
        "pedigree": "ground",
        "history": "made",
        "reference_file_type": "pars-rectify",
    }


SUBMISSION = """
import json, os
import crds.submit.rc_submit as rc
submission = rc.Submission("keckao", "ops")
for key, value in json.loads(os.environ["ANSWERS"]).items():
    submission[key] = value
for path in ("old.fits", "new.fits"):
    submission.add_file(path)
submission._auto_confirm = True
result = submission.submit()
print(json.dumps([result.error_count, submission.observatory, submission.file_map]))
"""


def test_a_submission_from_python_serves_the_wavelengths_of_the_nearest_time(user: User) -> None:
    write_hispec(user.cache / "old.fits", DARK, REFTYPE="WAVE", USEAFTER="2020-01-01T00:00:00")
    write_hispec(user.cache / "new.fits", DARK, REFTYPE="WAVE", USEAFTER="2022-06-01T00:00:00")
    user.crds("sync", "--contexts", "keckao-edit")
    account = {"CRDS_USERNAME": "homer", "MAST_API_TOKEN": user.token}
    done = user.python(SUBMISSION, ANSWERS=json.dumps(ANSWERS), **account)
    assert done.status == 0, done.text
    errors, observatory, names = json.loads(done.output.splitlines()[-1])
    assert (errors, observatory) == (0, "keckao")
    asked = ("bestrefs", "--files", "exposure.fits", "--new-context", "keckao-edit", "--types", "wave")
    answer = user.crds(*asked, "--print-new-references").output.lower()
    # The exposure of February 2022 is nearer to June 2022 than to January 2020.
    assert names["new.fits"] in answer


def test_datasets_of_the_archive_have_best_references(user: User, keckao_server: LiveServer) -> None:
    header = {"INSTRUME": "HISPEC", "KOAID": "KOA.20240203.03456", **EXPOSURE}
    path = user.cache / "datasets.json"
    path.write_text(json.dumps({DATASET: header}) + "\n")
    keckao_server.manage("import_datasets", str(path))
    by_id = ("bestrefs", "--datasets", DATASET, "--new-context", "keckao-edit", "--types", "dark")
    done = user.crds(*by_id, "--print-new-references")
    assert "keckao_hispec_dark_0001.fits" in done.output.lower(), done.text
    contexts = ("--old-context", "keckao_0001.pmap", "--new-context", "keckao_0002.pmap")
    affected = user.crds("bestrefs", "--instruments", "hispec", *contexts, "--print-affected")
    assert "koa.20240203.03456" in affected.output.lower(), affected.text


def test_an_older_package_learns_a_new_value_when_the_client_synchronizes(
    keckao_server: LiveServer, user: User, tmp_path: Path
) -> None:
    older = make_definition(KECKAO.replace("[H4RG_B, H4RG_R]", "[H4RG_B]").replace("1.0", "0.9"))
    python = make_environment(tmp_path / "env", wheel.build(make_content(older)))
    (tmp_path / "cache").mkdir()
    late = Client(keckao_server, tmp_path / "cache", python)
    write_hispec(late.cache / "red.fits", DARK, DETECTOR="H4RG_R")
    certify = ("certify", "red.fits", "--comparison-context", "keckao_0001.pmap")
    fetched = late.crds(*certify, "--sync-files").text
    assert "Fetched version 1.0 of the definition of keckao" in fetched
    assert "0 errors" in fetched
    assert "0 warnings" in fetched
    # Without the newer definition it certifies by its own one, and says so.
    [kept] = (late.cache / "config" / "keckao").glob("definition_*.json")
    kept.unlink()
    said = late.crds(*certify, CRDS_READONLY_CACHE="1").text
    assert "Value 'H4RG_R' is not one of" in said
    assert "was checked with version 0.9 of the definition of keckao" in said
