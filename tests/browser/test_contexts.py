"""Contexts: accordions that fetch their content, ticked rows, the map, and all of it without a script."""

import re

from playwright.sync_api import Page, expect

from tests.browser.checks import assert_accessible, assert_fits
from tests.browser.conftest import NewPage

CONTEXT = "jwst_0004.pmap"


def test_accordions_fetch_their_content_down_to_the_references(page: Page) -> None:
    page.goto(f"/context_table/{CONTEXT}")
    page.locator("#miri > summary").click()
    page.locator("#miri-flat > summary").click()
    table = page.get_by_role("region", name="jwst_0004 miri flat")
    expect(table.get_by_role("columnheader", name="FILTER")).to_be_visible()
    expect(table.get_by_role("link", name=re.compile("jwst_miri_flat"))).not_to_have_count(0)
    assert_accessible(page)
    assert_fits(page)


def test_rows_are_compared_two_by_two(page: Page) -> None:
    page.goto("/display_context_history/")
    boxes = page.get_by_role("checkbox")
    boxes.nth(0).check()
    page.get_by_role("button", name="diff").click()
    said = "Tick exactly two rows to compare them. You ticked 1."
    expect(page.locator(".picks [role=status]")).to_have_text(said)
    assert_accessible(page)
    boxes.nth(1).check()
    page.get_by_role("button", name="diff").click()
    page.wait_for_url(re.compile(r"/difference/\?file1=jwst_\d+\.pmap&file2=jwst_\d+\.pmap"))


def test_a_type_is_drawn_along_time(page: Page) -> None:
    page.goto(f"/context_table/{CONTEXT}/miri/flat/")
    expect(page.locator("#timeline rect").first).to_be_visible()
    assert_accessible(page)
    assert_fits(page)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.locator("#timeline svg a").first.click()
    page.wait_for_url(re.compile(r"/browse/jwst_miri_flat_\d+\.fits"))


def test_everything_is_there_without_a_script(new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.goto("/")
    page.locator("#miri > summary").click()
    page.get_by_role("link", name="All types of miri").click()
    page.locator("#miri-flat > summary").click()
    page.get_by_role("link", name="Table of flat").click()
    expect(page.get_by_role("heading", name="flat ---- Flat Field")).to_be_visible()
    page.get_by_role("checkbox").nth(0).check()
    page.get_by_role("button", name="diff").click()
    expect(page.locator("#error_message")).to_contain_text("exactly two rows to compare. You ticked 1.")


def test_home_the_lists_and_the_map_are_accessible_and_narrow(page: Page) -> None:
    for path in (
        "/",
        "/display_context_history/",
        "/display_build_contexts/",
        f"/context_map/{CONTEXT}/miri/flat/",
    ):
        page.set_viewport_size({"width": 1280, "height": 800})
        page.goto(path)
        assert_accessible(page)
        assert_fits(page)
