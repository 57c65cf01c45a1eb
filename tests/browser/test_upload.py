"""The panel that takes files, as people use it: with its script and without."""

import hashlib
import random
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.checks import assert_accessible, assert_fits
from tests.browser.conftest import LogIn, NewPage
from tests.browser.delivering import OWN_PAGE

BIG = random.Random(1).randbytes(5_000_000)  # Three pieces.
PIECES = "**/upload/chunked/"


@pytest.fixture
def area(page: Page, log_in: LogIn) -> Iterator[Page]:
    """Yield the page of an ingest area that is empty before and after."""
    log_in(page, to="/upload/")
    yield page
    page.unroute_all(behavior="ignoreErrors")
    for file in page.request.get("/upload/list/").json()["files"]:
        page.request.get(file["deleteUrl"], headers=OWN_PAGE)


def choose(page: Page, **files: bytes) -> None:
    """Add files as the dialogue of the browser does; their names are FITS."""
    given = [
        {"name": f"{name}.fits", "mimeType": "application/fits", "buffer": content}
        for name, content in files.items()
    ]
    page.get_by_label("Add files…").set_input_files(given)  # type: ignore[arg-type]


def waiting(page: Page, name: str) -> Locator:
    """Return the row of a file that was added."""
    return page.get_by_role("row").filter(has=page.get_by_label(f"Progress of {name}.fits"))


def uploaded(page: Page, name: str) -> Locator:
    """Return the row of a file that is there."""
    return page.locator(f"#upload-done tr[data-name='{name}.fits']")


def test_files_are_added_started_listed_chosen_and_deleted(area: Page) -> None:
    choose(area, a=b"a", big=BIG, c=b"")
    assert area.request.get("/upload/list/").json() == {"files": []}, "adding does not upload"
    assert_accessible(area)
    waiting(area, "a").get_by_role("button", name="Cancel").click()
    area.get_by_role("button", name="Start upload").click()
    expect(uploaded(area, "big")).to_contain_text("5000000")
    expect(uploaded(area, "c")).to_be_visible()
    expect(area.locator("#upload-queue")).to_be_hidden()
    assert_accessible(area)
    assert_fits(area)
    area.get_by_role("button", name="Delete c.fits").click()
    expect(uploaded(area, "c")).to_have_count(0)
    area.get_by_label("select all").check()
    area.get_by_role("button", name="Delete chosen files").click()
    expect(area.get_by_text("You have not uploaded any files.")).to_be_visible()


def test_a_file_is_dropped_and_sent_at_once_paused_and_continued_where_it_stopped(area: Page) -> None:
    row, ranges = waiting(area, "dropped"), []

    def slowly(route: Route) -> None:
        ranges.append(route.request.headers["content-range"])
        if len(ranges) == 1:
            row.get_by_role("button", name="Pause").click()
        route.continue_()

    area.route(PIECES, slowly)
    area.evaluate(
        """() => {
          const carried = new DataTransfer();
          carried.items.add(new File([new Uint8Array(5000000)], "dropped.fits"));
          const drop = new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true });
          document.getElementById("upload-panel").dispatchEvent(drop);
        }"""
    )
    expect(row).to_contain_text("paused")
    expect(row.get_by_role("progressbar")).to_have_js_property("value", 2_000_000)
    row.get_by_role("button", name="Continue").click()
    expect(uploaded(area, "dropped")).to_contain_text("5000000")
    starts = [text.split("-")[0] for text in ranges]
    assert starts == ["bytes 0", "bytes 2000000", "bytes 4000000"]


def test_pieces_and_answers_that_are_lost_are_sent_again(area: Page, complaints: list[str]) -> None:
    fates = iter(["lost", "good", "answer lost"])

    def lose_some(route: Route) -> None:
        fate = next(fates, "good")
        if fate == "good":
            route.continue_()
            return
        if fate == "answer lost":
            route.fetch()
        route.abort("connectionreset")

    area.route(PIECES, lose_some)
    choose(area, big=BIG)
    area.get_by_role("button", name="Start upload").click()
    expect(uploaded(area, "big")).to_contain_text(hashlib.sha1(BIG, usedforsecurity=False).hexdigest())
    assert len(complaints) == 2
    complaints.clear()


def test_a_file_that_is_refused_says_why_and_the_next_ones_are_uploaded(
    area: Page, complaints: list[str]
) -> None:
    given = [{"name": name, "mimeType": "", "buffer": b"a"} for name in ("a b.fits", "good.fits")]
    area.get_by_label("Add files…").set_input_files(given)  # type: ignore[arg-type]
    area.get_by_role("button", name="Start upload").click()
    expect(uploaded(area, "good")).to_be_visible()
    row = waiting(area, "a b")
    expect(row).to_contain_text("failed: 'a b.fits'")
    expect(row.get_by_role("button", name="Retry")).to_be_visible()
    area.get_by_role("button", name="Cancel upload").click()
    expect(area.locator("#upload-queue")).to_be_hidden()
    assert [text for text in complaints if "400" in text] == complaints
    complaints.clear()


def test_without_its_script_the_panel_is_a_form(new_page: NewPage, log_in: LogIn) -> None:
    page = new_page(java_script_enabled=False)
    log_in(page, to="/upload/")
    choose(page, a=b"a", b=b"bb")
    page.get_by_role("button", name="Start upload").click()
    page.get_by_role("button", name="Delete a.fits").click()
    expect(uploaded(page, "a")).to_have_count(0)
    page.get_by_label("Choose b.fits").check()
    page.get_by_role("button", name="Delete chosen files").click()
    expect(page.get_by_text("You have not uploaded any files.")).to_be_visible()
