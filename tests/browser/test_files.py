"""The catalogue, the page of a file and recent activity, as people use them."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.checks import assert_accessible, assert_fits
from tests.browser.conftest import LogIn, NewPage

REFERENCE = "jwst_miri_flat_0001.fits"
CONTEXT = "jwst_0001.pmap"


def test_somebody_finds_a_file_and_follows_its_names(page: Page) -> None:
    page.goto("/browse_db/")
    page.get_by_label("Instrument").select_option("miri")
    page.get_by_label("Extension").select_option("*")
    page.get_by_label("Filename").fill("*_flat_0001.*")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Showing 1 to 2 of 2 entries")).to_be_visible()
    page.locator("thead").get_by_role("link", name="name").click()
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("name")
    page.get_by_role("link", name=REFERENCE).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Browse {REFERENCE}")
    page.locator("#used-by > summary").click()
    page.locator("#used-by").get_by_role("link", name=CONTEXT).click()
    expect(page.locator("pre.mapping")).to_contain_text("'MIRI'")


def test_a_panel_that_is_opened_is_named_in_the_address(page: Page) -> None:
    page.goto(f"/browse/{REFERENCE}")
    page.locator("#constraints > summary").click()
    expect(page.locator("#constraints")).to_contain_text("From TPN: all_all.tpn")
    assert page.url.endswith("#constraints")
    page.goto("about:blank")
    page.goto(f"/browse/{REFERENCE}#lookup-patterns")
    expect(page.locator("#lookup-patterns")).to_contain_text("match path")


@pytest.mark.parametrize(
    "address",
    ["/browse_db/", f"/browse/{CONTEXT}", f"/browse/{REFERENCE}#used-by", "/recent_activity/?extension=*"],
)
def test_pages_are_accessible_and_fit(page: Page, address: str) -> None:
    # Colours that are still changing have no contrast yet.
    page.emulate_media(reduced_motion="reduce")
    page.goto(address)
    page.evaluate("for (const panel of document.querySelectorAll('main details')) panel.open = true")
    assert_accessible(page)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert_accessible(page)
    assert_fits(page)


def test_an_unknown_file_is_answered_with_a_likely_one(page: Page, complaints: list[str]) -> None:
    answer = page.goto("/browse/jwst_miri_flat_0001.fit")
    assert answer is not None
    assert answer.status == 404
    page.get_by_role("link", name=REFERENCE).click()
    expect(page.locator("#database")).to_contain_text(REFERENCE)
    # The browser reports every answer that is none.
    complaints.clear()


def test_everything_is_there_without_a_script(new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.goto("/recent_activity/?extension=*")
    page.get_by_label("Search", exact=True).fill("edit context")
    page.get_by_role("button", name="Apply").click()
    page.get_by_role("link", name=CONTEXT).first.click()
    page.locator("#past-actions > summary").click()
    expect(page.locator("#past-actions")).to_contain_text("edit context changed")


def test_people_inside_see_who_delivered(page: Page, log_in: LogIn) -> None:
    log_in(page, to="/browse_db/")
    expect(page.get_by_label("User", exact=True)).to_be_visible()
    expect(page.get_by_role("columnheader", name="submitter")).to_be_attached()
