"""From the search box to a file, and from two contexts to the lines in which they differ."""

import re

from playwright.sync_api import Page, expect

from tests.browser.checks import assert_accessible, assert_fits
from tests.browser.conftest import LogIn, NewPage


def pmaps(page: Page) -> list[str]:
    """Return the contexts of the demo, newest first."""
    page.goto("/search/?q=.pmap")
    return page.locator(".hits a", has_text=".pmap").all_inner_texts()


def test_the_box_finds_while_somebody_types(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("/")
    box = page.get_by_role("search").get_by_role("combobox")
    expect(box).to_be_focused()
    box.press_sequentially("miri flat")
    first = page.get_by_role("option").first
    expect(first).to_contain_text("miri flat")
    expect(box).to_have_attribute("aria-expanded", "true")
    assert_accessible(page)
    box.press("ArrowDown")
    expect(first).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", "search-hit-0")
    box.press("ArrowUp")
    expect(first).to_have_attribute("aria-selected", "false")
    box.press("Escape")
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_have_value("miri flat")


def test_an_arrow_and_enter_lead_to_what_was_found(page: Page) -> None:
    name = pmaps(page)[0]
    box = page.get_by_role("search").get_by_role("combobox")
    box.fill(name)
    expect(page.get_by_role("option").first).to_contain_text(name)
    box.press("ArrowDown")
    box.press("Enter")
    page.wait_for_url(re.compile(re.escape(name)))


def test_the_page_of_a_search_needs_no_script(new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.goto("/")
    box = page.get_by_role("search").get_by_role("searchbox")
    box.fill("miri")
    box.press("Enter")
    page.wait_for_url("**/search/?q=miri")
    expect(page.get_by_role("heading", name="Instruments")).to_be_visible()
    expect(page.get_by_role("link", name="miri", exact=True)).to_be_visible()


def test_the_page_of_a_search_is_accessible_and_narrow(page: Page) -> None:
    page.goto("/search/?q=miri")
    assert_accessible(page)
    assert_fits(page)


def test_two_contexts_are_compared_down_to_the_lines(page: Page) -> None:
    new, *_between, old = pmaps(page)
    page.goto("/difference_files/")
    assert_accessible(page)
    page.get_by_label("Known", exact=True).and_(page.get_by_role("textbox")).nth(0).fill(old)
    page.get_by_label("Known", exact=True).and_(page.get_by_role("textbox")).nth(1).fill(new)
    page.get_by_role("button", name="Difference Files").click()
    page.wait_for_url("**/difference/?**")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Difference {old} against {new}")
    panel = page.locator("details", has_text=f"{old} --> {new}").first
    panel.locator("summary").first.click()
    expect(panel.get_by_text(f"Logical Diff ('{old}', '{new}')")).to_be_visible()
    panel.get_by_text(f"Text Diff ('{old}', '{new}')").click()
    expect(panel.locator("ins").first).to_be_visible()
    assert_accessible(page)
    panel.get_by_role("link", name="On a page of its own").click()
    page.get_by_role("link", name="Side by side").click()
    expect(page.locator("td.added").first).to_be_visible()
    expect(page.get_by_role("link", name="Side by side")).to_have_attribute("aria-current", "true")
    assert_accessible(page)
    assert_fits(page)


def test_a_difference_needs_no_script(new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    new, *_between, old = pmaps(page)
    page.goto(f"/difference/?file1={old}&file2={new}")
    panel = page.locator("details", has_text=f"{old} --> {new}").first
    panel.locator("summary").first.click()
    expect(panel.get_by_text(f"Logical Diff ('{old}', '{new}')")).to_be_visible()
    page.get_by_role("link", name="Swap").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Difference {new} against {old}")


def test_a_file_of_ones_own_is_compared(page: Page, log_in: LogIn) -> None:
    log_in(page, to="/difference_files/")
    name = pmaps(page)[0]
    page.goto("/difference_files/")
    page.get_by_label("Known", exact=True).and_(page.get_by_role("textbox")).first.fill(name)
    page.get_by_role("radiogroup", name="File2 source").get_by_label("Uploaded").check()
    mine = {"name": "mine.pmap", "mimeType": "text/plain", "buffer": b"header = {}\nselector = {}\n"}
    page.locator("#id_upload2").set_input_files(mine)
    page.get_by_role("button", name="Difference Files").click()
    expect(page.locator("#error_message, h1").last).to_contain_text("mine.pmap")
    assert_accessible(page)
    assert_fits(page)
