"""The log of a job, which grows in front of whoever watches it."""

from playwright.sync_api import Page, expect

from tests.browser.checks import assert_accessible, assert_fits
from tests.browser.conftest import LogIn, NewPage
from tests.browser.delivering import OWN_PAGE
from tests.live import LiveServer

# Written beside the server, as a worker does.
WRITE = """
from apps.jobs import channels
channels.append({key!r}, "log_message", "Certifying x.fits")
channels.append({key!r}, "error", "Keyword <b>USEAFTER</b> is missing")
channels.close({key!r}, 1, "One file is wrong.")
"""


def test_a_log_grows_by_events_and_where_there_are_none_by_asking(
    page: Page, new_page: NewPage, log_in: LogIn, demo_site: LiveServer, complaints: list[str]
) -> None:
    log_in(page)
    key = page.request.get("/jpoll/open_channel", headers=OWN_PAGE).json()
    asking = new_page()
    asking.route("**/events?*", lambda route: route.fulfill(status=503))
    for each in (page, asking):
        each.goto(f"/jpoll/{key}/log")
        expect(each.locator("#log-state")).to_contain_text("waiting")
    demo_site.manage("shell", "-c", WRITE.format(key=key))
    for each in (page, asking):
        expect(each.locator("#log-state")).to_have_text("Failed.")
        expect(each.locator("#log li")).to_have_count(3)
        expect(each.locator("#log")).to_contain_text("Keyword <b>USEAFTER</b> is missing")
    assert [text for text in complaints if "503" in text] == complaints
    complaints.clear()
    assert_accessible(page)
    page.get_by_label("info", exact=True).uncheck()
    expect(page.locator("#log li:visible")).to_have_count(2)
    page.reload()
    expect(page.locator("#log li")).to_have_count(2)
    expect(page.get_by_label("info", exact=True)).not_to_be_checked()
    page.get_by_label("info", exact=True).check()
    expect(page.locator("#log li")).to_have_count(3)
    page.locator("#log-errors summary").click()
    page.get_by_role("link", name="Keyword <b>USEAFTER</b> is missing").click()
    expect(page.locator("#m2:target")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as text").click()
    assert "CRDS - ERROR -  Keyword <b>USEAFTER</b> is missing" in download.value.path().read_text()
    expect(page.get_by_label("Scroll to the end")).not_to_be_checked()
    page.get_by_label("Scroll to the end").check()
    page.get_by_label("Scroll to the end").uncheck()
    page.reload()
    expect(page.get_by_label("Scroll to the end")).not_to_be_checked()
    assert_fits(page)


def test_without_its_script_the_log_is_filtered_by_its_form(
    new_page: NewPage, log_in: LogIn, demo_site: LiveServer
) -> None:
    page = new_page(java_script_enabled=False)
    log_in(page)
    key = page.request.get("/jpoll/open_channel", headers=OWN_PAGE).json()
    demo_site.manage("shell", "-c", WRITE.format(key=key))
    page.goto(f"/jpoll/{key}/log")
    expect(page.locator("#log li")).to_have_count(3)
    page.get_by_label("info", exact=True).uncheck()
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#log li")).to_have_count(2)
    expect(page.get_by_label("error", exact=True)).to_be_checked()
