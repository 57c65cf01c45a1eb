"""Best references of a file on this computer, and why they are chosen."""

import gzip
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.checks import assert_accessible, assert_fits
from tests.browser.conftest import NewPage

CARDS = {
    "TELESCOP": "JWST",
    "INSTRUME": "MIRI",
    "DETECTOR": "MIRIMAGE",
    "EXP_TYPE": "MIR_IMAGE",
    "FILTER": "F560W",
    "BAND": "N/A",
    "CHANNEL": "N/A",
    "SUBARRAY": "FULL",
    "READPATT": "FASTR1",
    "DATE-OBS": "2023-06-30",
    "TIME-OBS": "12:00:00",
}
PIXELS = b"PIXELS THAT STAY HERE"


def block(cards: list[str]) -> bytes:
    text = "".join(card.ljust(80) for card in [*cards, "END"])
    return text.ljust(-(-len(text) // 2880) * 2880).encode()


def fits_file(path: Path, *, missing: str = "") -> Path:
    """Write a FITS file with data in both of its parts, and one card in the second part only."""
    quoted = [f"{key:8}= '{value:8}' / what it is" for key, value in CARDS.items()]
    fixed = [card for card in quoted if not card.startswith(missing or "-")]
    first = [
        "SIMPLE  =                    T",
        "BITPIX  =                    8",
        "NAXIS   =                    1",
    ]
    second = ["XTENSION= 'IMAGE   '", "BITPIX  =                  -32", "NAXIS   =                    0"]
    moved = [card for card in quoted if card not in fixed]
    data = PIXELS.ljust(2880, b"\0")
    content = block([*first, f"NAXIS1  = {2880:20}", *fixed]) + data + block([*second, *moved])
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def test_a_file_is_asked_about_without_being_sent(page: Page, tmp_path: Path) -> None:
    sent: list[bytes] = []

    def see(request: Request) -> None:
        sent.append(request.post_data_buffer or b"")

    page.on("request", see)
    page.goto("/")
    page.get_by_role("link", name="Best references", exact=True).first.click()  # First click.
    page.get_by_label("FITS or ASDF file on this computer").set_input_files(
        fits_file(tmp_path / "mine_rate.fits")
    )
    expect(page.locator("#fits_status")).to_have_text(re.compile(r"18 cards of 2 headers of mine_rate\.fits"))
    expect(page.get_by_label("Header", exact=True)).to_have_value(re.compile("INSTRUME= 'MIRI"))
    assert_accessible(page)
    page.get_by_role("button", name="Get Best References").click()  # Second click.
    expect(page.get_by_role("heading", name="mine_rate.fits")).to_be_visible()
    expect(page.locator("#flat a.file")).to_have_text(re.compile(r"jwst_miri_flat_\d+\.fits"))
    flat = page.locator("#flat a.file").inner_text()
    assert_accessible(page)
    page.get_by_role("link", name="Why this answer for FLAT?").click()  # Third click.
    expect(page.get_by_role("heading", name="Why this FLAT?")).to_be_visible()
    expect(page.locator(".verdict")).to_contain_text(flat)
    expect(page.locator("svg .chosen")).to_have_count(1)
    assert_accessible(page)
    assert_fits(page)
    assert any(b"INSTRUME" in body for body in sent)
    assert not any(PIXELS in body for body in sent)


def test_headers_of_all_extensions_are_read(page: Page, tmp_path: Path) -> None:
    page.goto("/bestrefs/")
    page.get_by_label("FITS or ASDF file on this computer").set_input_files(
        fits_file(tmp_path / "two.fits", missing="FILTER")
    )
    header = page.get_by_label("Header", exact=True)
    expect(header).to_have_value(re.compile("INSTRUME"))
    expect(header).to_have_value(re.compile("FILTER  = 'F560W"))
    expect(page.locator("#fits_status")).to_contain_text("of 2 headers")


def test_the_tree_of_an_asdf_file_is_read(page: Page, tmp_path: Path) -> None:
    tree = "meta:\n  instrument: {name: MIRI}\n"
    content = f"#ASDF 1.0.0\n%YAML 1.1\n--- !core/asdf-1.1.0\n{tree}...\n".encode() + PIXELS
    (tmp_path / "mine.asdf").write_bytes(content)
    page.goto("/bestrefs/")
    page.get_by_label("FITS or ASDF file on this computer").set_input_files(tmp_path / "mine.asdf")
    header = page.get_by_label("Header", exact=True)
    expect(header).to_have_value(re.compile("name: MIRI"))
    expect(header).not_to_have_value(re.compile("PIXELS"))
    expect(page.locator("#fits_status")).to_contain_text("The tree, 5 lines, of mine.asdf")
    page.get_by_role("button", name="Get Best References").click()
    expect(page.get_by_role("heading", name="mine.asdf")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("notes.fits", b"These are notes.", "it is neither a FITS file nor an ASDF file"),
        ("half.fits", b"SIMPLE  =                    T".ljust(2880), "its header has no END"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(
    page: Page, tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    (tmp_path / name).write_bytes(content)
    page.goto("/bestrefs/")
    page.get_by_label("FITS or ASDF file on this computer").set_input_files(tmp_path / name)
    expect(page.locator("#fits_status")).to_have_text(f"{name} cannot be read: {told}.")


def test_a_compressed_file_is_unpacked_in_the_browser(page: Page, tmp_path: Path) -> None:
    page.goto("/bestrefs/")
    page.get_by_label("FITS or ASDF file on this computer").set_input_files(
        fits_file(tmp_path / "packed.fits.gz")
    )
    expect(page.get_by_label("Header", exact=True)).to_have_value(re.compile("INSTRUME= 'MIRI"))


def test_everything_works_without_scripts(new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.goto("/bestrefs/")
    expect(page.get_by_label("FITS or ASDF file on this computer")).to_be_hidden()
    lines = "\n".join(f"{key} = {value}" for key, value in (CARDS | {"FILTER": "F999W"}).items())
    page.get_by_label("Header", exact=True).fill(lines)
    page.get_by_role("button", name="Get Best References").click()
    expect(page.locator("#flat")).to_contain_text("NOT FOUND")
    page.get_by_role("link", name="Why this answer for FLAT?").click()
    expect(page.locator(".hint")).to_contain_text("It would match if FILTER were")


def test_rules_are_explored_by_hand(new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.goto("/bestrefs_explore/")
    page.get_by_label("Select Instrument").select_option("miri")
    page.get_by_role("button", name="Choose Instrument").click()
    expect(
        page.get_by_role("heading", name=re.compile(r"Explore Best References \(jwst_\d+\.pmap : MIRI\)"))
    ).to_be_visible()
    page.get_by_label("FILTER", exact=True).select_option("F770W")
    page.get_by_label("DATE-OBS").fill("2023-06-30")
    page.get_by_role("button", name="Get References").click()
    expect(page.locator("#flat a.file")).to_have_text(re.compile("jwst_miri_flat_"))
    page.get_by_role("link", name="Change a parameter").click()
    expect(page.get_by_label("FILTER, something else")).to_have_value("F770W")


def test_the_form_explains_its_errors(page: Page) -> None:
    page.goto("/bestrefs_explore/")
    assert_accessible(page)
    page.goto("/bestrefs/?dataset_id=JW01189001001_02101_00009.MIRIMAGE")
    expect(page.locator("#error_message")).to_contain_text("NOT FOUND dataset ID does not exist")
    page.get_by_role("link", name=re.compile("JW01189001001_02101_00001.MIRIMAGE")).first.click()
    expect(page.get_by_role("heading", name="Best Reference Results")).to_be_visible()
    assert_accessible(page)
    assert_fits(page)
