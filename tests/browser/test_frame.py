"""The frame of every page, and the lock in it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.checks import assert_accessible, assert_fits
from tests.browser.conftest import LogIn, NewPage


def test_the_lock_is_counted_down(page: Page, log_in: LogIn) -> None:
    log_in(page, instrument="miri")
    shown = page.locator("#time_remaining")
    before = shown.inner_text()
    expect(shown).not_to_have_text(before)
    assert_accessible(page)
    assert_fits(page)


def test_a_lock_that_ends_is_announced_and_then_named(page: Page, log_in: LogIn) -> None:
    page.clock.install()
    log_in(page, instrument="niriss")
    hours, minutes, seconds = map(int, page.locator("#time_remaining").inner_text().split(":"))
    page.clock.fast_forward(1000 * (3600 * hours + 60 * minutes + seconds - 590))
    expect(page.locator("#lock_warning")).to_contain_text("ten minutes")
    page.get_by_role("button", name="Extend").click()
    expect(page.locator("#lock_warning")).to_have_text("The lock is extended.")
    expect(page.locator("#time_remaining")).to_have_text(re.compile(r"^[34]:\d\d:\d\d$"))
    page.clock.fast_forward(4 * 3600 * 1000 + 10_000)
    expect(page.locator("#lock")).to_have_text("lock expired")
    page.get_by_role("button", name="Lock niriss again").click()
    expect(page.locator("#lock")).to_contain_text("niriss")
    assert_accessible(page)
    assert_fits(page)


@pytest.mark.parametrize("has_scripts", [True, False], ids=["with scripts", "without scripts"])
def test_on_a_telephone_the_header_is_one_row_and_its_menu_has_the_rest(
    new_page: NewPage, log_in: LogIn, has_scripts: bool
) -> None:
    page = new_page(java_script_enabled=has_scripts, viewport={"width": 360, "height": 740})
    log_in(page, instrument="nirspec")
    band = page.locator("header > .band")
    shown = [box for each in band.locator("> *").all() if (box := each.bounding_box()) and box["height"]]
    assert max(box["y"] for box in shown) < min(box["y"] + box["height"] for box in shown), "one row"
    assert shown[0]["x"] == min(box["x"] for box in shown)
    assert band.locator("> *").first.inner_text().startswith("JWST"), "the name comes first"
    expect(page.locator("#lock")).to_contain_text("nirspec")
    extend, menu = page.get_by_role("button", name="Extend"), page.get_by_role("button", name="Account menu")
    expect(extend).to_be_hidden()
    menu.focus()
    page.keyboard.press("Enter")
    expect(extend).to_be_visible()
    if has_scripts:  # Those of axe do not end where scripts are off.
        assert_accessible(page)
    page.keyboard.press("Tab")
    expect(extend).to_be_focused()
    page.keyboard.press("Escape")
    expect(extend).to_be_hidden()
    page.get_by_label("Search this site").focus()
    box = page.get_by_label("Search this site").bounding_box()
    assert box
    assert box["width"] > 300, "somebody who types sees what they type"
    assert_fits(page)


@pytest.mark.parametrize("has_scripts", [True, False], ids=["with scripts", "without scripts"])
def test_the_error_of_a_form_takes_the_focus_and_a_link_leads_to_the_field(
    new_page: NewPage, log_in: LogIn, has_scripts: bool
) -> None:
    page = new_page(java_script_enabled=has_scripts)
    log_in(page, to="/mark_files_bad/")
    expect(page.get_by_label("Files")).to_have_attribute("required", "")
    page.get_by_label("Files").fill("jwst_9999.fits")
    page.get_by_label("Bad", exact=True).check()
    page.get_by_label("Reason").fill("A test")
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("#error_message")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#id_names")).to_be_focused()
    if has_scripts:
        assert_accessible(page)


def test_without_scripts_the_lock_is_extended_from_any_page(new_page: NewPage, log_in: LogIn) -> None:
    page = new_page(java_script_enabled=False)
    log_in(page, instrument="fgs", to="/submission_history/?status=failed")
    page.get_by_role("button", name="Extend").click()
    page.wait_for_url("**/submission_history/?status=failed")
    expect(page.locator("#lock")).to_contain_text("fgs")
