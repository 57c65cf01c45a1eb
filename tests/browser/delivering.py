"""Steps that people repeat when they deliver files, and checks of each page on the way."""

import re
import secrets
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.checks import assert_accessible, assert_fits
from tests.factories.references import make_reference
from tests.live import LiveServer

PROCESSED = 180_000  # milliseconds a busy machine may take to certify files and make rules of them
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}  # Requests that a test makes beside the page say it themselves.
OVER = re.compile("Ready|Certified|Failed|Cancelled")


def inspect(page: Page) -> None:
    """Insist that what is shown now is accessible, and that nothing of it is too wide for a telephone."""
    before = page.viewport_size
    assert before
    assert_accessible(page)
    assert_fits(page)
    page.set_viewport_size(before)


def new_flat(site: LiveServer, folder: Path, **keywords: str) -> Path:
    """Return a new flat of one MIRI filter, with a useafter date nobody else has."""
    number = secrets.token_hex(4)
    source = site.root / "store" / "references" / "jwst" / "jwst_miri_flat_0006.fits"
    seconds = int(number, 16) % 3600
    useafter = f"2031-01-01T{int(number[:2], 16) % 24:02}:{seconds // 60:02}:{seconds % 60:02}"
    values = {"USEAFTER": useafter, "DESCRIP": f"flat {number}"} | keywords
    return make_reference(source, folder / f"flat_{number}.fits", **values)


def upload(page: Page, *paths: Path) -> None:
    """Send files through the panel of the page, whether it is folded or not, with its script or without."""
    panel = page.locator("#upload")
    if panel.get_attribute("open") is None:
        panel.locator("summary").click()
    page.get_by_label("Add files…").set_input_files(paths)
    page.get_by_role("button", name="Start upload").click()
    for path in paths:
        expect(page.locator(f"#upload-done tr[data-name='{path.name}']")).to_be_attached()


def delete_uploads(page: Page) -> None:
    """Empty the ingest area, so that the next delivery starts with nothing."""
    for file in page.request.get("/upload/list/").json()["files"]:
        page.request.get(file["deleteUrl"], headers=OWN_PAGE)


def describe(page: Page, text: str = "New flats, better in the corners") -> None:
    page.get_by_label("Creator").fill("MIRI Team")
    page.get_by_label(re.compile("^(Description|Reason for Delivery)$")).fill(text)


def follow(page: Page, expected: str) -> None:
    """Wait until the page has become the result by itself, and insist on the status then."""
    page.wait_for_url("**/display_result/*")
    status = page.locator("#submission-status")
    expect(status).to_have_text(OVER, timeout=PROCESSED)
    expect(status).to_have_text(expected)


def reload(page: Page, expected: str) -> None:
    """Do as people without scripts do: reload until the status is another one, then insist on that."""
    page.wait_for_url("**/display_result/*")
    status = page.locator("#submission-status")
    while not OVER.fullmatch(status.inner_text()):
        page.get_by_role("link", name="Reload").click()
        page.wait_for_load_state()
    expect(status).to_have_text(expected)


def decide(page: Page, button: str, expected: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.locator("#submission-status")).to_have_text(expected, timeout=PROCESSED)


def official_names(page: Page) -> Sequence[str]:
    """Return the official names of the files of a result page."""
    return page.locator("td[id] > a").all_inner_texts()


def edit_context(page: Page) -> str:
    """Return what clients hear when they ask for it."""
    question = {"jsonrpc": "1.0", "method": "get_default_context", "params": ["jwst", "edit"], "id": 1}
    name: str = page.request.post("/json/", data=question).json()["result"]
    return name


def number_of(context: str) -> int:
    return int(context[-9:-5])
