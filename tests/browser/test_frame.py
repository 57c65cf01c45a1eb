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


def test_a_lock_that_ends_is_announced_and_then_named(page: Page, log_in: LogIn) -> None:
    page.clock.install()
    log_in(page, instrument="niriss")
    hours, minutes, seconds = map(int, page.locator("#time_remaining").inner_text().split(":"))
    page.clock.fast_forward(1000 * (3600 * hours + 60 * minutes + seconds - 590))
    expect(page.locator("#lock_warning")).to_contain_text("ten minutes")
    page.clock.fast_forward(600_000)
    expect(page.locator("#lock")).to_have_text("lock expired")
    expect(page.get_by_role("link", name="Log in again")).to_be_visible()
