"""The choice of a context, on the page where operators set one."""

import re

from playwright.sync_api import Page, expect

from tests.browser.checks import assert_accessible, assert_fits
from tests.browser.conftest import LogIn


def test_the_title_follows_what_is_chosen(page: Page, log_in: LogIn) -> None:
    log_in(page, name="demo_operator", to="/set_context/")
    title = page.locator("#context_chooser summary")
    expect(title).to_have_text(
        re.compile(r"Context: jwst_\d{4}\.pmap \d{4}-\d\d-\d\d \d\d:\d\d \(Editing Context\)")
    )
    title.click()
    page.get_by_label("Recent context").select_option("jwst_0003.pmap")
    expect(title).to_contain_text("Context: jwst_0003.pmap")
    expect(page.get_by_label("Recent", exact=True)).to_be_checked()
    page.get_by_label("User specified context").fill("jwst_0002.pmap")
    expect(title).to_have_text("Context: jwst_0002.pmap (User Specified)")
    page.get_by_label("Latest (Operational)").check()
    expect(title).to_contain_text("(Latest Context)")
    assert_accessible(page)
    page.get_by_label("Reason").fill("Again.")
    page.get_by_role("button", name="Set Default Context").click()
    expect(page.locator("#error_message")).to_have_text(re.compile("Nothing was changed: latest is already"))
    assert_accessible(page)
    assert_fits(page)
