"""Everything that people come for takes at most four clicks from the home page, with scripts and without."""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import LogIn, NewPage

MOST = 4  # clicks
HEADER = """\
META.INSTRUMENT.NAME = MIRI
META.INSTRUMENT.DETECTOR = MIRIMAGE
META.INSTRUMENT.FILTER = F560W
META.EXPOSURE.READPATT = FASTR1
META.SUBARRAY.NAME = FULL
META.OBSERVATION.DATE = 2024-10-02
META.OBSERVATION.TIME = 19:40:51
"""


@dataclass
class Visitor:
    """Somebody before the home page, whose clicks are counted."""

    page: Page
    clicks: int = 0

    def click(self, what: Locator) -> None:
        self.clicks += 1
        assert self.clicks <= MOST, f"{self.page.url} is not the end of it"
        what.first.click()

    def link(self, name: str | re.Pattern[str]) -> None:
        self.click(self.page.get_by_role("link", name=name))

    def button(self, name: str) -> None:
        self.click(self.page.get_by_role("button", name=name, exact=True))


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def visitor(request: pytest.FixtureRequest, new_page: NewPage) -> Visitor:
    page = new_page(java_script_enabled=request.param)
    page.goto("/")
    return Visitor(page)


def test_the_darks_of_an_instrument(visitor: Visitor) -> None:
    visitor.link("Browse Database")
    visitor.page.get_by_label("Instrument").select_option("miri")
    visitor.page.get_by_label("Reference Type").select_option("dark")
    visitor.page.get_by_label("Extension").select_option("*")
    visitor.button("Submit")
    expect(visitor.page.get_by_role("link", name="jwst_miri_dark_0005.fits")).to_be_visible()


def test_why_my_dark_is_used(visitor: Visitor) -> None:
    visitor.link("Best references")
    visitor.page.get_by_label("Header", exact=True).fill(HEADER)
    visitor.button("Get Best References")
    expect(visitor.page.locator("#dark")).to_contain_text("jwst_miri_dark_")
    visitor.link("Why this answer for DARK?")
    told = visitor.page.get_by_role("main")
    expect(told).to_contain_text("The criteria of jwst_miri_dark_")
    expect(told).to_contain_text("READPATT")
    expect(told).to_contain_text(re.compile("useafter", re.IGNORECASE))


def test_what_changed_since_the_context_before(visitor: Visitor) -> None:
    visitor.link("more history")
    boxes = visitor.page.get_by_role("checkbox")
    visitor.click(boxes.nth(0))
    visitor.click(boxes.nth(1))
    visitor.button("diff")
    heading = visitor.page.get_by_role("heading", level=1)
    expect(heading).to_have_text(re.compile(r"Difference jwst_\d{4}\.pmap against jwst_\d{4}\.pmap"))
    expect(visitor.page.locator("summary").filter(has_text="-->").first).to_be_visible()


def test_who_changed_a_file_and_why(visitor: Visitor) -> None:
    visitor.page.get_by_label("Search this site").fill("jwst_nircam_flat_0010.fits")
    visitor.page.keyboard.press("Enter")
    visitor.link("jwst_nircam_flat_0010.fits")
    visitor.click(visitor.page.locator("summary").filter(has_text="Past Actions"))
    expect(visitor.page.locator("#past-actions")).to_contain_text("mark bad")


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Batch Submit References", "Batch Submit References"),
        ("Certify Files", "Certify Files"),
        ("Mark Files Bad", "Mark files bad"),
        ("Deliver", "Deliver"),
    ],
)
def test_where_one_delivers(page: Page, log_in: LogIn, name: str, title: str) -> None:
    log_in(page)
    page.get_by_role("link", name=name, exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(title)


def test_where_contexts_are_set(page: Page, log_in: LogIn) -> None:
    log_in(page, name="demo_operator")
    page.get_by_role("link", name="Set Context").click()
    expect(page.get_by_label("Reason")).to_be_visible()
