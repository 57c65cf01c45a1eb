"""The long form, which is not filled in twice: drafts, files, and what was delivered before."""

import json
import re

from playwright.sync_api import Page, expect

from tests.browser.checks import assert_accessible, assert_fits
from tests.browser.conftest import LogIn, NewPage
from tests.browser.delivering import describe

FORM = "/submission_form/redcat_submit/"
KEPT = "JSON.stringify([Object.keys(localStorage), Object.keys(sessionStorage)])"


def kept(page: Page) -> list[list[str]]:
    """Return the names of what the browser keeps for the site, and for this tab."""
    found: list[list[str]] = json.loads(page.evaluate(KEPT))
    return found


def test_a_draft_comes_back_until_it_is_discarded(page: Page, log_in: LogIn) -> None:
    log_in(page, to=FORM)
    expect(page.locator("#draft")).to_be_hidden()
    describe(page, "Half a sentence")
    page.get_by_label("HISTORY in the primary header").check()
    page.reload()
    assert kept(page) == [["crds-draft:demo_submitter:extended"], []]
    assert "csrf" not in page.evaluate("Object.values(localStorage)[0]")
    notice = page.locator("#draft")
    expect(notice).to_contain_text("restored")
    expect(page.get_by_label("Creator")).to_have_value("MIRI Team")
    expect(page.get_by_label("HISTORY in the primary header")).to_be_checked()
    assert_accessible(page)
    page.get_by_role("button", name="Discard").click()
    expect(notice).to_be_hidden()
    expect(page.get_by_label("Creator")).to_have_value("")
    expect(page.get_by_label("HISTORY in the primary header")).not_to_be_checked()
    assert kept(page) == [[], []]


def test_others_do_not_see_a_draft_and_an_old_one_is_forgotten(page: Page, log_in: LogIn) -> None:
    log_in(page, to=FORM)
    describe(page, "Mine")
    log_in(page, name="demo_operator", to="/")
    page.evaluate("localStorage.setItem('crds-draft:somebody:extended', JSON.stringify({at: 1, values: {}}))")
    page.evaluate("localStorage.setItem('crds-draft:broken:extended', '{')")
    log_in(page, to=FORM)
    expect(page.locator("#draft")).to_contain_text("restored")
    assert kept(page)[0] == ["crds-draft:demo_submitter:extended"]


def test_a_form_is_saved_as_yaml_and_filled_in_from_it(page: Page, new_page: NewPage, log_in: LogIn) -> None:
    log_in(page, to=FORM)
    describe(page, "Kept in a file")
    page.get_by_label("Types of the files").fill("flat")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as YAML").click()
    content = download.value.path().read_bytes()
    assert b"file_type: flat" in content
    plain = new_page(java_script_enabled=False)
    log_in(plain, to=FORM)
    file = {"name": "a.yml", "mimeType": "application/yaml", "buffer": content + b"nosuch: 1\n"}
    plain.get_by_label("Fill it in from YAML").set_input_files(file)  # type: ignore[arg-type]
    plain.get_by_role("button", name="Import").click()
    expect(plain.get_by_label("Types of the files")).to_have_value("flat")
    expect(plain.get_by_label(re.compile("^Reason for Delivery$"))).to_have_value("Kept in a file")
    expect(plain.get_by_text("does not ask for 'nosuch'")).to_be_visible()
    assert_fits(plain)
    bad = {"name": "a.yml", "mimeType": "application/yaml", "buffer": b"a: !!python/name:os.system x"}
    plain.get_by_label("Fill it in from YAML").set_input_files(bad)  # type: ignore[arg-type]
    plain.get_by_role("button", name="Import").click()
    expect(plain.locator("#error_message")).to_contain_text("the tag")
