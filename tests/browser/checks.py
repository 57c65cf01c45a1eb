"""Checks that every page must pass."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def assert_accessible(page: Page) -> None:
    """Insist that axe, the accessibility checker, finds nothing wrong with what is shown now."""
    found = Axe().run(page)
    assert not found.violations_count, found.generate_report()


def assert_fits(page: Page, *, width: int = 360) -> None:
    """Insist that a narrow window need not be scrolled sideways; the window keeps that width."""
    page.set_viewport_size({"width": width, "height": 800})
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, f"{page.url} is {wide} pixels wide in a window of {width}"
