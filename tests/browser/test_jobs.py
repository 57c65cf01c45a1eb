"""The jobs people come for, in at most four clicks from home: by mouse or keys, with scripts and without."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.checks import assert_accessible, assert_fits
from tests.browser.conftest import NewPage

MOST = 4  # clicks, or presses of Enter that follow a link or send a form
TABS = 250  # presses of Tab after which something counts as out of reach
DATASET = "JW01189001001_02101_00001.MIRIMAGE:JW01189001001_02101_00001.MIRIMAGE"
HEADER = """\
META.INSTRUMENT.NAME = MIRI
META.INSTRUMENT.DETECTOR = MIRIMAGE
META.INSTRUMENT.FILTER = F560W
META.EXPOSURE.READPATT = FASTR1
META.SUBARRAY.NAME = FULL
META.EXPOSURE.TYPE = MIR_IMAGE
META.INSTRUMENT.BAND = N/A
META.OBSERVATION.DATE = 2024-10-02
META.OBSERVATION.TIME = 19:40:51
"""


@dataclass
class Visitor:
    """Somebody before the home page, with a mouse or with the keyboard alone, whose clicks are counted."""

    page: Page
    has_mouse: bool
    has_scripts: bool
    clicks: int = 0

    def link(self, name: str | re.Pattern[str]) -> None:
        self.click(self.page.get_by_role("link", name=name))

    def button(self, name: str) -> None:
        self.click(self.page.get_by_role("button", name=name, exact=True))

    def click(self, what: Locator) -> None:
        self.clicks += 1
        assert self.clicks <= MOST, f"{self.page.url} is not the end of it"
        self.press(what)

    def press(self, what: Locator) -> None:
        """Press something that only opens a part of the page."""
        if self.has_mouse:
            what.first.click()
        else:
            self.reach(what)
            self.page.keyboard.press("Enter")

    def fill(self, what: Locator, text: str) -> None:
        if self.has_mouse:
            what.fill(text)
        else:
            self.reach(what)
            self.page.keyboard.insert_text(text)

    def choose(self, what: Locator, value: str) -> None:
        if self.has_mouse:
            what.select_option(value)
        else:
            self.reach(what)
            self.page.keyboard.type(value)

    def search(self, text: str) -> None:
        """Type into the box of every page, and press Enter there."""
        self.clicks += 1
        self.fill(self.page.get_by_label("Search this site"), text)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(lambda url: urlsplit(url).path != "/")

    def reach(self, what: Locator) -> None:
        """Press Tab until the focus is there, and see that one sees where it is."""
        wanted = what.first
        wanted.wait_for()
        for _ in range(TABS):
            if wanted.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{self.page.url}: Tab does not reach {what}")

    def look(self) -> None:
        """Insist that the page at the end is one for everybody."""
        assert_fits(self.page, width=self.page.viewport_size["width"] if self.page.viewport_size else 360)
        if self.has_scripts:
            assert_accessible(self.page)


@pytest.fixture(
    params=[(1280, True, True), (360, True, False), (1280, False, False), (360, False, True)],
    ids=["mouse", "mouse, narrow, no scripts", "keys, no scripts", "keys, narrow"],
)
def visitor(request: pytest.FixtureRequest, new_page: NewPage) -> Visitor:
    width, has_mouse, has_scripts = request.param
    page = new_page(java_script_enabled=has_scripts, viewport={"width": width, "height": 800})
    page.goto("/")
    return Visitor(page, has_mouse, has_scripts)


def test_which_flat_and_why(visitor: Visitor) -> None:
    visitor.link("Best references")
    visitor.fill(visitor.page.get_by_label("Header", exact=True), HEADER)
    visitor.button("Get Best References")
    expect(visitor.page.locator("#flat a.file").first).to_contain_text("jwst_miri_flat_")
    visitor.link("Why this answer for FLAT?")
    expect(visitor.page.locator(".verdict")).to_contain_text("jwst_miri_flat_")
    visitor.look()


def test_which_darks_changed_between_two_contexts_and_how_they_look(visitor: Visitor) -> None:
    visitor.click(visitor.page.locator("a[href*='/changes/jwst_0004.pmap/jwst_0005.pmap/']"))
    visitor.click(visitor.page.get_by_role("link", name="dark", exact=True))
    row = visitor.page.get_by_role("row").filter(has_text="jwst_miri_dark_0008.fits")
    expect(row.first).to_contain_text("jwst_miri_dark_0005.fits")
    visitor.look()
    visitor.click(row.get_by_role("link", name=re.compile("jwst_miri_dark_0008")))
    expect(visitor.page.locator("#contents")).to_be_visible()
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Browse jwst_miri_dark_0008.fits")
    visitor.look()


def test_when_the_reference_of_my_dataset_changed_and_why(visitor: Visitor) -> None:
    visitor.search(DATASET)
    if "/dataset/" not in visitor.page.url:
        visitor.click(visitor.page.locator(f"a[href='/dataset/{DATASET}/']"))
    expect(visitor.page.get_by_role("heading", name="Changes")).to_be_visible()
    expect(visitor.page.get_by_role("main")).to_contain_text("latest since")
    visitor.look()


def test_what_is_new_for_my_instrument_and_how_i_hear_of_it(visitor: Visitor) -> None:
    visitor.click(visitor.page.locator("a[href^='/changes/?since=']"))
    visitor.choose(visitor.page.get_by_label("Instrument"), "miri")
    visitor.button("Show")
    expect(visitor.page.get_by_role("main")).to_contain_text("jwst_miri_")
    expect(visitor.page.locator("a[href='/feeds/references/miri.atom']")).to_be_visible()
    visitor.look()
    visitor.link("by mail")
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Log in")


def test_all_references_of_a_mode_as_a_bundle(visitor: Visitor) -> None:
    visitor.link("Explore")
    visitor.choose(visitor.page.get_by_label("Select Instrument"), "miri" if visitor.has_mouse else "MIRI")
    visitor.button("Choose Instrument")
    visitor.fill(visitor.page.get_by_label("FILTER, something else"), "F560W")
    visitor.fill(visitor.page.get_by_label("DATE-OBS"), "2024-10-02")
    visitor.button("Get References")
    script = visitor.page.get_by_role("link", name="fetch.sh")
    expect(script).to_be_visible()
    visitor.look()
    with visitor.page.expect_download() as begun:
        visitor.click(script)
    assert "jwst_miri_" in begun.value.path().read_text()


def test_who_uses_this_file(visitor: Visitor) -> None:
    visitor.search("jwst_miri_flat_0002.fits")
    if "/browse/" not in visitor.page.url:
        visitor.link("jwst_miri_flat_0002.fits")
    expect(visitor.page.get_by_role("main")).to_contain_text("of this server's archive")
    visitor.press(visitor.page.locator("#used-by > summary"))
    expect(visitor.page.locator("#used-by")).to_contain_text("jwst_0005.pmap")
    visitor.look()


def test_my_client_is_set_up_and_pinned(visitor: Visitor) -> None:
    visitor.link(re.compile("^From the command line"))
    told = visitor.page.get_by_role("main")
    expect(told).to_contain_text("pip install")
    expect(told).to_contain_text("export CRDS_SERVER_URL=")
    visitor.click(visitor.page.get_by_role("link", name="Choose a context"))
    expect(visitor.page.locator("#context")).to_be_in_viewport()
    expect(told).to_contain_text("CRDS_CONTEXT")
    visitor.look()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("F560W", "jwst_miri_flat_"),
        ("2026-04", "2026-04"),
        ("jwst_miri_flat_0002.fits", "jwst_miri_flat_0002.fits"),
    ],
)
def test_something_is_found_by_what_one_knows(visitor: Visitor, text: str, found: str) -> None:
    visitor.search(text)
    expect(visitor.page.get_by_role("main")).to_contain_text(found)
    visitor.look()


def test_a_file_is_found_by_its_sha1sum_and_by_a_person(visitor: Visitor) -> None:
    record = visitor.page.request.get("/browse/jwst_miri_flat_0006.fits?format=json").json()
    sha1sum = re.search(r"[0-9a-f]{40}", str(record))
    assert sha1sum
    visitor.search(sha1sum[0])
    expect(visitor.page.get_by_role("main")).to_contain_text("jwst_miri_flat_0006.fits")
    visitor.page.goto("/")
    person = visitor.page.request.get("/changes/?since=year&format=csv").text().splitlines()[1].split(",")[6]
    visitor.search(person)
    expect(visitor.page.get_by_role("main")).to_contain_text(person)
    visitor.look()
