"""The log of a job, which grows in front of whoever watches it."""

from playwright.sync_api import Page, expect

from tests.browser.checks import assert_accessible, assert_fits
from tests.browser.conftest import LogIn, NewPage
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
    key = page.request.get("/jpoll/open_channel").json()
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
    page.get_by_label("Show").select_option("error")
    expect(page.locator("#log li")).to_have_count(2)
    assert_accessible(page)
    assert_fits(page)
