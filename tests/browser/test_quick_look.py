"""The inside of a reference, which appears in front of whoever waits for it."""

from playwright.sync_api import Page, expect

from tests.browser.checks import assert_accessible, assert_fits
from tests.browser.conftest import NewPage

FLAT = "/browse/jwst_miri_flat_0001.fits"


def test_a_look_appears_by_itself_and_its_headers_are_filtered(page: Page, new_page: NewPage) -> None:
    page.goto(FLAT)
    part = page.locator("#part-1")
    expect(part).to_be_visible()
    picture = part.get_by_alt_text("Quick look of HDU 1 SCI, linear")
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("naturalWidth", 32)
    expect(part.get_by_role("img", name="Histogram")).to_be_visible()
    assert_accessible(page)
    page.get_by_label("Filter the headers").press_sequentially("useafter")
    expect(page.locator("#cards-found")).to_have_text("1 card with “useafter” on this page")
    expect(page.locator("#part-0 .header tbody tr:visible")).to_have_count(1)
    expect(page.locator("#part-1 .header tbody tr:visible")).to_have_count(0)
    page.get_by_role("region", name="HDUs of this file").get_by_role("link", name="DQ_DEF").click()
    expect(page.get_by_role("region", name="Columns of HDU 4 DQ_DEF")).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 740})
    assert_fits(page)
    without_script = new_page(java_script_enabled=False)
    without_script.goto(FLAT)
    without_script.get_by_label("Filter the headers").fill("useafter")
    without_script.locator(".card-filter").get_by_role("button", name="Apply").click()
    expect(without_script.locator("#cards-found")).to_have_text("1 card with “useafter”")
    expect(without_script.locator("#look .header tbody tr")).to_have_count(1)
    without_script.get_by_role("link", name="Show all").click()
    expect(without_script.locator("#part-1 .header")).to_be_visible()
