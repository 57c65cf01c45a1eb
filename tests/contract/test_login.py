"""Login, locks and logout by the unmodified client; texts are those a user of it sees."""

import json
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.contract.client import Client
from tests.patience import HANG

# Each answer is looked through for errors in general before it is for errors of a login.
ERROR = "CRDS server error: "

# What the client does before and after it submits, without a file to submit.
PROGRAM = """
from crds.submit.web import CrdsDjangoConnection
connection = CrdsDjangoConnection({instrument!r}, {user!r}, {token!r}, {url!r})
connection.fail_if_existing_lock()
connection.login()
{then}
print("done")
"""


def token_of(demo: Client, name: str, *options: str) -> str:
    """Return the token of an account, made when it is first asked for."""
    kept = demo.server.root / f"token-of-{name}"
    if not kept.exists():
        arguments = ("--role", "submitter", "--print-token", *options)
        said = demo.server.manage("create_account", name, *arguments)
        kept.write_text(next(line for line in said.splitlines() if line.startswith("crds_")))
    return kept.read_text()


def connect(demo: Client, user: str, token: str, instrument: str = "none", then: str = "") -> str:
    # With a slash at its end, as the client itself sets it: paths then begin with two.
    program = PROGRAM.format(
        instrument=instrument, user=user, token=token, url=demo.server.url + "/", then=then
    )
    return demo.python(program).text


def lock_of(demo: Client, user: str) -> str:
    with urllib.request.urlopen(f"{demo.server.url}/lock_status/{user}/") as answer:
        return str(json.load(answer)["name"])


def log_out_by_command(demo: Client, tmp_path: Path, token: str, user: str = "homer") -> str:
    folder = tmp_path / "jwst_miri_dark_0001.fits"
    folder.write_bytes(b"")
    done = demo.crds(
        *("submit", "--logout", "--files", str(folder)), CRDS_USERNAME=user, MAST_API_TOKEN=token
    )
    return done.text


@pytest.mark.parametrize("user", ["homer", "root", "nobody@springfield.org"])
def test_the_token_alone_says_who_comes(demo: Client, user: str) -> None:
    token = token_of(demo, "homer")
    said = connect(demo, user, token, "miri")
    assert "done" in said, said
    assert lock_of(demo, "homer") == "miri"
    said = connect(demo, user, token, then="connection.logout()")
    assert "done" in said, said
    assert lock_of(demo, "homer") == ""


def test_crds_submit_logout_frees_a_stale_lock(demo: Client, tmp_path: Path) -> None:
    token = token_of(demo, "homer")
    connect(demo, "homer", token, "nircam")
    assert lock_of(demo, "homer") == "nircam"
    said = log_out_by_command(demo, tmp_path, token)
    assert "ERROR" not in said, said
    assert "Traceback" not in said, said
    assert lock_of(demo, "homer") == ""


@pytest.mark.parametrize("token", ["wrong", "crds_" + "x" * 43])
def test_a_wrong_token_is_told_in_the_words_of_the_client(demo: Client, tmp_path: Path, token: str) -> None:
    said = log_out_by_command(demo, tmp_path, token)
    assert (
        f"{ERROR} Your identity could not be verified: the user name, password or API token is wrong" in said
    )
    assert "A web transaction with the CRDS server had errors." in said


def test_a_local_password_will_do(demo: Client, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("saxophone 8\n")
    demo.server.manage("create_account", "lisa", "--role", "submitter", "--password-from", str(secret))
    assert "done" in connect(demo, "lisa", "saxophone 8", then="connection.logout()")


def test_an_instrument_that_somebody_else_locked_is_told(demo: Client) -> None:
    marge = token_of(demo, "marge@mail.springfield.org", "--email", "marge@mail.springfield.org")
    homer = token_of(demo, "homer")
    connect(demo, "marge", marge, "niriss")
    said = connect(demo, "homer", homer, "niriss")
    assert f"{ERROR} niriss is locked by marge@mail.springfield.org since" in said, said
    assert "done" not in said
    assert lock_of(demo, "marge@mail.springfield.org") == "niriss"
    connect(demo, "marge", marge, then="connection.logout()")
    assert "done" in connect(demo, "homer", homer, "niriss", then="connection.logout()")


def test_an_instrument_that_was_not_granted_is_told(demo: Client) -> None:
    bart = token_of(demo, "bart", "--instrument", "fgs")
    said = connect(demo, "bart", bart, "miri")
    assert f"{ERROR} bart does not have the role submitter for miri." in said, said
    assert "done" in connect(demo, "bart", bart, "fgs", then="connection.logout()")


CROWD = """
from apps.accounts.operations import create_account, create_token
for number in range(8):
    print(create_token(create_account(f"crowd{number}", role="submitter", by="test"), name="x")[1])
"""


def test_of_many_logins_at_once_exactly_one_gets_the_instrument(demo: Client) -> None:
    said = demo.server.manage("shell", "--verbosity", "0", "-c", CROWD)
    tokens = [line for line in said.splitlines() if line.startswith("crds_")]
    start = threading.Barrier(len(tokens))

    def enter(token: str) -> bool:
        with requests.Session() as session:
            address = f"{demo.server.url}/login/"
            values = {"csrfmiddlewaretoken": session.get(address).cookies["csrftoken"]}
            values |= {"username": "", "password": token, "instrument": "nirspec", "next": "/"}
            start.wait(HANG)
            answer = session.post(address, data=values, headers={"Referer": address})  # As a browser does.
            assert answer.status_code == 200
            assert ("nirspec is locked by crowd" in answer.text) is (answer.url == address)
            return answer.url != address

    with ThreadPoolExecutor(len(tokens)) as pool:
        won = list(pool.map(enter, tokens))
    assert sum(won) == 1, won
    assert lock_of(demo, f"crowd{won.index(True)}") == "nirspec"
