"""The frame of every page, and the lock in it."""

from playwright.sync_api import Page, expect

from tests.browser.checks import assert_accessible, assert_fits
from tests.browser.conftest import LogIn


def test_the_lock_is_counted_down(page: Page, log_in: LogIn) -> None:
    log_in(page, instrument="miri")
    shown = page.locator("#time_remaining")
    before = shown.inner_text()
    expect(shown).not_to_have_text(before)
    assert_accessible(page)
    assert_fits(page)
