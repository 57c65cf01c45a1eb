"""The frame of every page, and the lock in it."""

import re

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


def test_without_scripts_the_lock_is_extended_from_any_page(new_page: NewPage, log_in: LogIn) -> None:
    page = new_page(java_script_enabled=False)
    log_in(page, instrument="fgs", to="/submission_history/?status=failed")
    page.get_by_role("button", name="Extend").click()
    page.wait_for_url("**/submission_history/?status=failed")
    expect(page.locator("#lock")).to_contain_text("fgs")
