"""The way of the client's manual: submit in a program, open the ready URL, log in, confirm."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.delivering import decide, edit_context, inspect, number_of
from tests.contract.test_submissions import ANSWERS, Team, make_team
from tests.live import LiveServer

# `open_ready_url` starts the program that BROWSER names; this one prints the address.
PROGRAM = """
import json, os
import crds.submit.rc_submit as rc
rc.BASE_URLS["ops"]["jwst"] = os.environ["CRDS_SERVER_URL"] + "/"
submission = rc.Submission("jwst", "ops")
for key, value in json.loads(os.environ["ANSWERS"]).items():
    submission[key] = value
submission.add_file(os.environ["FILE"])
submission.submit().open_ready_url()
"""


@pytest.fixture
def team(demo_site: LiveServer, tmp_path: Path) -> Team:
    return make_team(demo_site, tmp_path / "client")


def opened(team: Team) -> str:
    """Return the address that a program of the client opens once its delivery is ready."""
    # The tool asks the rules of the edit context, and brings none itself.
    synced = team.client.crds("sync", "--contexts", "jwst-edit", "--fetch-references")
    assert "0 errors" in synced.text, synced.text
    answers = json.dumps(ANSWERS)
    done = team.client.python(
        PROGRAM,
        ANSWERS=answers,
        FILE=str(team.new_flat()),
        BROWSER="echo opened %s",
        **team.environment,
    )
    found = re.search(r"^opened (\S+)$", done.output, re.MULTILINE)
    assert found, done.text
    return found[1]


def log_in(page: Page, team: Team) -> None:
    page.get_by_role("link", name="Log in to decide").click()
    expect(page.get_by_label("Lock Instrument")).to_have_value("miri")
    page.get_by_label("Password").fill(team.token)
    page.get_by_role("button", name="Continue").click()


@pytest.mark.parametrize("has_scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_delivery_of_a_program_is_confirmed_in_a_browser(
    new_page: NewPage, team: Team, has_scripts: bool
) -> None:
    page = new_page(java_script_enabled=has_scripts)
    address = opened(team)
    page.goto(address)
    before = edit_context(page)
    if has_scripts:
        inspect(page)
    log_in(page, team)
    expect(page).to_have_url(address)
    expect(page.locator("#why-not-force")).to_contain_text("still holds the lock of miri")
    decide(page, "confirm", "Confirmed")
    assert number_of(edit_context(page)) == number_of(before) + 1
    expect(page.locator("#lock")).to_have_count(0)


def test_after_a_gap_it_is_forced_and_the_lock_is_free(new_page: NewPage, team: Team) -> None:
    page = new_page()
    address = opened(team)
    # Somebody logs out in another place, which gives the lock back.
    logout = ("submit", "--logout", "--files", str(team.made[0]))
    assert team.client.crds(*logout, **team.environment).status == 0
    page.goto(address)
    log_in(page, team)
    expect(page.locator("#why-not-confirm")).to_contain_text("was released and taken again")
    expect(page.locator("#lock")).to_be_visible()
    decide(page, "force", "Forced")
    expect(page.locator("#lock")).to_have_count(0)
