"""Deliveries by the unmodified client, from the first login to the new context."""

import json
import re
import secrets
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from urllib.parse import urljoin

import pytest
import requests

from tests.contract.client import Client, Done
from tests.factories.references import make_reference
from tests.live import LiveServer, live_server
from tests.patience import HANG

RESULT = re.compile(r"COMPLETED: (http\S+/display_result/\S+)")
DESCRIPTION = "New flats, better in the corners"
QUIET = ("--monitor-processing", "--wait-for-completion")

# What the page says, and what is done about it, by the session that submitted.
DECIDE = """
import os
from crds.submit.web import CrdsDjangoConnection
connection = CrdsDjangoConnection("none", os.environ["CRDS_USERNAME"], os.environ["MAST_API_TOKEN"], {base!r})
connection.login()
print(connection.repost_confirm_or_cancel({url!r}, {action!r}).text)
"""
REDCAT = """
import json, os
import crds.submit.rc_submit as rc
rc.BASE_URLS["ops"]["jwst"] = os.environ["CRDS_SERVER_URL"] + "/"
submission = rc.Submission("jwst", "ops")
submission.help()
for key, value in json.loads(os.environ["ANSWERS"]).items():
    submission[key] = value
for path in json.loads(os.environ["FILES"]):
    submission.add_file(path)
submission._auto_confirm = bool(os.environ.get("CONFIRM"))
result = submission.submit()
print(json.dumps([result.error_count, result.ready_url, submission.ready_url, submission.file_map]))
"""
ANSWERS = {
    "deliverer": "Homer Simpson",
    "instrument": "miri",
    "file_type": "flat",
    "history_updated": True,
    "pedigree_updated": True,
    "keywords_checked": True,
    "descrip_updated": True,
    "useafter_updated": True,
    "useafter_matches": "Yes",
    "compliance_verified": "Yes",
    "calpipe_version": "yes, 1.20.0",
    "replacing_badfiles": "No",
    "modes_affected": "imaging",
    "correctness_testing": "run through the pipeline",
    "change_level": "SEVERE",
    "description": DESCRIPTION,
}


@pytest.fixture(scope="module")
def delivery_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Its edit context moves, which the tests of the other server must not see."""
    with live_server("jwst", tmp_path_factory.mktemp("delivery"), fill=("seed_demo",)) as server:
        yield server


@dataclass
class Team:
    """Somebody who delivers, with a cache and a folder of new files."""

    client: Client
    name: str
    token: str
    made: list[Path] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {"CRDS_USERNAME": self.name, "MAST_API_TOKEN": self.token}

    def new_flat(self, **keywords: str) -> Path:
        """Return a new flat of one MIRI filter, with a useafter date nobody else has."""
        number = secrets.token_hex(4)
        source = self.client.server.root / "store" / "references" / "jwst" / "jwst_miri_flat_0006.fits"
        useafter = f"2031-01-01T00:{int(number[:2], 16) % 60:02}:{int(number[2:4], 16) % 60:02}"
        values = {"USEAFTER": useafter, "DESCRIP": f"flat {number}"} | keywords
        self.made.append(make_reference(source, self.client.cache / f"flat_{number}.fits", **values))
        return self.made[-1]

    def submit(
        self, *options: str, files: list[Path], kind: str = "batch", others: str = "--wipe-existing-files"
    ) -> Done:
        """Run ``crds submit``; `others` says what becomes of files that were uploaded before."""
        names = [str(path) for path in files]
        described = ("--description", DESCRIPTION, "--creator", "MIRI Team") if kind != "certify" else ()
        command = (
            "submit",
            "--files",
            *names,
            "--submission-kind",
            kind,
            *QUIET,
            others,
            *described,
            *options,
        )
        return self.client.crds(*command, **self.environment)

    def decide(self, url: str, action: str) -> str:
        base = self.client.server.url + "/"
        return self.client.python(DECIDE.format(base=base, url=url, action=action), **self.environment).text

    def edit_context(self) -> str:
        asked = {"jsonrpc": "1.0", "method": "get_context_by_date", "params": ["jwst-edit", "jwst"], "id": 1}
        url = f"{self.client.server.url}/json/"
        with urllib.request.urlopen(url, data=json.dumps(asked).encode()) as answer:
            return str(json.load(answer)["result"])


@pytest.fixture
def team(delivery_server: LiveServer, tmp_path: Path) -> Team:
    return make_team(delivery_server, tmp_path)


def make_team(server: LiveServer, folder: Path) -> Team:
    name = f"homer-{secrets.token_hex(3)}"
    said = server.manage("create_account", name, "--role", "submitter", "--print-token")
    token = next(line for line in said.splitlines() if line.startswith("crds_"))
    folder.mkdir(exist_ok=True)
    return Team(Client(server, folder), name, token)


def number_of(context: str) -> int:
    return int(context[-9:-5])


def test_a_batch_is_monitored_and_cancelled(team: Team) -> None:
    before = team.edit_context()
    done = team.submit(files=[team.new_flat()])
    assert done.status == 0, done.text
    url = RESULT.search(done.text)[1]  # type: ignore[index]
    for words in ("Certifying", "Renaming", "Generating new rmap", "Certified rmap"):
        assert words in done.text
    # The client puts its own level before each line.
    assert ">> CRDS - " not in done.text
    said = team.decide(url, "cancel")
    assert ">Cancelled<" in said, said
    assert team.edit_context() == before
    # Nothing of it is left to stand in the way of the next one.
    again = team.submit(files=team.made)
    assert again.status == 0, again.text
    team.decide(RESULT.search(again.text)[1], "cancel")  # type: ignore[index]


def test_a_batch_is_confirmed_at_once_and_its_context_answers(team: Team) -> None:
    before = team.edit_context()
    flat = team.new_flat()
    done = team.submit("--autoconfirm", files=[flat])
    assert done.status == 0, done.text
    after = team.edit_context()
    assert number_of(after) == number_of(before) + 1
    synced = team.client.crds("sync", "--contexts", after, "--fetch-references", "--check-sha1sum")
    assert "0 errors" in synced.text, synced.text
    url = RESULT.search(done.text)[1]  # type: ignore[index]
    official = official_name(team, url, flat.name)
    used = team.client.crds("uses", "--files", official, "--jwst")
    assert after in used.output, used.text
    answered = team.client.crds(
        *("bestrefs", "--files", str(exposure(team, flat)), "--new-context", after, "--types", "flat"),
        "--print-new-references",
    )
    assert official.upper() in answered.text.upper(), answered.text


def test_what_a_program_submitted_is_confirmed_on_its_page(team: Team) -> None:
    """The manual's way without autoconfirm: open the ready URL, log in, confirm; by forms, as pages say."""
    before = team.edit_context()
    done = team.submit(files=[team.new_flat()])
    url = RESULT.search(done.text)[1]  # type: ignore[index]
    with requests.Session() as visitor:
        shown = visitor.get(url, timeout=HANG)
        [link] = set(re.findall(r'href="(/login/[^"]*instrument=miri[^"]*)"', shown.text))
        login = visitor.get(urljoin(url, unescape(link)), timeout=HANG)
        visitor.headers["Referer"] = login.url  # A browser sends it, and over TLS it must be there.
        credentials = {"username": "", "password": team.token}
        shown = visitor.post(login.url, data=fields_of(login.text, "/login/") | credentials, timeout=HANG)
        assert shown.url == url
        form = fields_of(shown.text, "/submit_confirm_pipeline/")
        action = urljoin(url, "/submit_confirm_pipeline/")
        shown = visitor.post(action, data=form | {"button": "confirm"}, timeout=HANG)
    assert ">Confirmed<" in shown.text, shown.text
    assert number_of(team.edit_context()) == number_of(before) + 1
    status = requests.get(urljoin(url, f"/lock_status/{team.name}/"), timeout=HANG).json()
    assert status["name"] == ""


def fields_of(page: str, action: str) -> dict[str, str]:
    """Return what a form of a page sends if nobody changes anything."""
    [form] = re.findall(rf'<form[^>]*action="{action}".*?</form>', page, re.DOTALL)
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    chosen = re.findall(r'<select name="(\w+)".*?<option value="(\w+)" selected>', form, re.DOTALL)
    return {name: unescape(value) for name, value in (*hidden, *chosen)}


def official_name(team: Team, url: str, name: str) -> str:
    with urllib.request.urlopen(url) as answer:
        said = answer.read().decode()
    found = re.search(rf'id="{re.escape(name)}"><a [^>]*>([^<]+)</a>', said)
    assert found, said
    return found[1]


def exposure(team: Team, flat: Path) -> Path:
    """Return a dataset that the flat fits, observed after it."""
    when = {"DATE-OBS": "2031-02-01", "TIME-OBS": "00:00:00", "EXP_TYPE": "MIR_IMAGE"}
    return make_reference(flat, flat.with_name("exposure.fits"), **when)


def test_certify_only_leaves_nothing_but_verdicts(team: Team) -> None:
    before = team.edit_context()
    done = team.submit(files=[team.new_flat()], kind="certify")
    assert done.status == 0, done.text
    assert "COMPLETED" in done.text
    bad = team.submit(files=[team.new_flat(USEAFTER="yesterday")], kind="certify")
    assert "USEAFTER" in bad.text
    assert team.edit_context() == before
    # A certify run is not a submission: the lock that the client took for it stays until the logout.
    logout = ("submit", "--logout", "--files", str(team.made[0]))
    assert team.client.crds(*logout, **team.environment).status == 0


def test_a_bad_file_fails_by_its_fault_and_only_it_needs_replacing(team: Team) -> None:
    good, bad = team.new_flat(), team.new_flat(USEAFTER="yesterday")
    done = team.submit(files=[good, bad])
    assert done.status != 0
    assert "FAILED" in done.text
    assert "USEAFTER" in done.text
    bad.unlink()
    # The client keeps what has the same size; a mended file seldom has.
    words = {f"NOTE{number:04}": "mended" for number in range(40)}
    better = make_reference(good, bad, USEAFTER="2032-01-01T00:00:00", **words)
    again = team.submit("--autoconfirm", files=[good, better], others="--keep-existing-files")
    assert again.status == 0, again.text


def test_two_people_contend_for_one_instrument(team: Team, tmp_path: Path) -> None:
    other = make_team(team.client.server, tmp_path / "other")
    done = team.submit(files=[team.new_flat()])
    assert done.status == 0, done.text
    refused = other.submit(files=[other.new_flat()])
    assert f"locked by {team.name}" in refused.text, refused.text
    assert refused.status != 0
    url = RESULT.search(done.text)[1]  # type: ignore[index]
    assert "nobody else may cancel it" in other.decide(url, "cancel")
    assert ">Cancelled<" in team.decide(url, "cancel")
    accepted = other.submit("--autoconfirm", files=other.made)
    assert accepted.status == 0, accepted.text


def redcat(team: Team, flat: Path, **extra: str) -> tuple[int, str, dict[str, str]]:
    team.client.crds("sync", "--contexts", "jwst-edit")
    done = team.client.python(
        REDCAT, ANSWERS=json.dumps(ANSWERS), FILES=json.dumps([str(flat)]), **team.environment, **extra
    )
    lines = [line for line in done.output.splitlines() if line.startswith("[")]
    assert lines, done.text
    errors, ready_url, same_url, file_map = json.loads(lines[-1])
    assert ready_url == same_url
    return errors, ready_url, file_map


def test_a_submission_object_knows_its_files_before_and_after_confirmation(team: Team) -> None:
    flat, before = team.new_flat(), team.edit_context()
    errors, url, file_map = redcat(team, flat)
    assert errors == 0
    assert re.search(r"/display_result/[0-9a-f-]{36}$", url)
    official = file_map[flat.name]
    assert re.fullmatch(r"jwst_miri_flat_\d{4}\.fits", official)
    rmaps = {old: new for old, new in file_map.items() if old.endswith(".rmap")}
    assert len(rmaps) == 1
    team.decide(url, "cancel")

    errors, url, file_map = redcat(team, flat, CONFIRM="1")
    after = team.edit_context()
    assert errors == 0
    # The number of one that was cancelled is given again while it is the highest.
    assert file_map[flat.name] == official
    assert file_map[before] == after
    assert set(rmaps.items()) <= set(file_map.items())


def test_rc_submit_takes_its_answers_from_a_file(team: Team) -> None:
    answers = team.client.cache / "answers.yml"
    answers.write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in ANSWERS.items()))
    done = team.client.crds(
        *("rc_submit", "--files", str(team.new_flat()), "--redcat-parameters", str(answers), *QUIET),
        "--wipe-existing-files",
        *("--description", DESCRIPTION, "--creator", "MIRI Team"),
        **team.environment,
    )
    assert done.status == 0, done.text
    team.decide(RESULT.search(done.text)[1], "cancel")  # type: ignore[index]
