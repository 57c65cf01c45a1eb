"""The acts of operators, and the pages that show them to everybody."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import LogIn, NewPage
from tests.browser.delivering import decide, edit_context, follow, inspect


def test_a_bad_reference_is_marked_after_a_second_look_and_marked_ok_again(page: Page, log_in: LogIn) -> None:
    log_in(page)
    page.get_by_role("link", name="Mark Files Bad").click()
    inspect(page)
    mark(page, "Bad")
    expect(page.get_by_role("heading", level=1)).to_have_text("Mark these files bad?")
    inspect(page)
    page.get_by_role("button", name="Mark bad").click()
    expect(page.locator("#error_message")).to_contain_text("jwst_miri_flat_0006.fits")
    page.get_by_label("Mark them bad anyway.").check()
    page.get_by_role("button", name="Mark bad").click()
    expect(page.get_by_role("main").get_by_role("status")).to_contain_text("1 file marked.")
    inspect(page)
    page.get_by_role("link", name="Mark more files").click()
    mark(page, "OK")
    page.get_by_role("button", name="Mark OK").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Files marked OK")


def test_files_are_marked_and_contexts_set_without_scripts(new_page: NewPage, log_in: LogIn) -> None:
    page = new_page(java_script_enabled=False)
    log_in(page, name="demo_operator")
    page.get_by_role("link", name="Mark Files Bad").click()
    for verdict, button in (("Bad", "Mark bad"), ("OK", "Mark OK")):
        mark(page, verdict)
        if verdict == "Bad":
            page.get_by_label("Mark them bad anyway.").check()
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("main").get_by_role("status")).to_contain_text("1 file marked.")
        page.get_by_role("link", name="Mark more files").click()

    for name in ("jwst_0004.pmap", "jwst_0005.pmap"):
        page.goto("/set_context/")
        set_context(page, "versions", name)
        expect(page.get_by_role("main").get_by_role("status")).to_contain_text(f"Done: versions is {name}")


def mark(page: Page, verdict: str) -> None:
    page.get_by_label("Files").fill("jwst_miri_flat_0006.fits")
    page.get_by_label(verdict, exact=True).check()
    page.get_by_label("Reason").fill("Taken with the lamp on")
    page.get_by_role("button", name="Submit").click()


def test_a_reference_is_deleted_the_context_set_and_all_told_in_the_histories(
    page: Page, log_in: LogIn
) -> None:
    log_in(page, instrument="miri")
    page.get_by_role("link", name="Delete References").click()
    page.get_by_label("Deleted Files").fill("jwst_miri_dark_0006.fits")
    page.get_by_label("Description").fill("A dark with a light leak")
    page.get_by_role("button", name="Delete References").click()
    follow(page, "Ready")
    decide(page, "confirm", "Confirmed")
    new = edit_context(page)

    log_in(page, name="demo_operator")
    page.get_by_role("link", name="Set Context").click()
    set_context(page, "latest")
    expect(page.get_by_role("main").get_by_role("status")).to_contain_text(f"Done: latest is {new}")
    inspect(page)
    page.get_by_label("CAL_VER:").select_option("custom")
    page.get_by_label("custom:").fill("9.9.0")
    page.get_by_label("Update Home Page Banner").check()
    page.get_by_label("Context type").select_option("build")
    page.get_by_role("button", name="Autogenerate").click()
    expect(page.get_by_label("Reason")).to_have_value(
        f"Build context {new} for version 9.9.0 of the calibration software."
    )
    page.get_by_role("button", name="Set Default Context").click()
    page.get_by_role("button", name=f"Set build 9.9.0 to {new}").click()
    expect(page.get_by_role("main").get_by_role("status")).to_contain_text(f"Done: build 9.9.0 is {new}")
    page.goto("/set_context/")
    set_context(page, "edit", "jwst_0005.pmap")
    expect(page.get_by_role("main").get_by_role("status")).to_contain_text("Done: edit is jwst_0005.pmap")
    set_context(page, "edit", new)
    expect(page.get_by_role("main").get_by_role("status")).to_contain_text(f"Done: edit is {new}")

    page.get_by_role("link", name="Home").click()
    page.get_by_role("link", name="Submission History").click()
    choose_filter(page, "Submission Status", "confirmed")
    choose_filter(page, "Instrument", "miri")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("cell", name="Confirmed").first).to_be_visible()
    inspect(page)
    page.get_by_role("link", name="(Click to view detail)").first.click()
    expect(page.get_by_role("row", name="Description A dark with a light leak")).to_be_visible()
    expect(page.get_by_role("link", name=new).first).to_be_visible()

    page.get_by_role("link", name="Home").click()
    page.get_by_role("link", name="Recent Activity", exact=True).click()
    inspect(page)
    choose_filter(page, "Action", "set default context")
    choose_filter(page, "Extension", ".pmap")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("row").filter(has_text=new).first).to_contain_text("set default context")
    page.goto("/delivery_status/")
    page.locator("summary").first.click()
    expect(page.get_by_role("link", name=new)).to_be_visible()
    inspect(page)


def set_context(page: Page, pointer: str, name: str = "") -> None:
    """Set a pointer to the context of edit, or to the one of that name."""
    page.get_by_label("Context type").select_option(pointer)
    if name:
        page.locator("#context_chooser summary").click()
        page.get_by_label("User specified context").fill(name)
        page.get_by_label("User Specified", exact=True).check()
    page.get_by_label("Reason").fill("Checked against the archive")
    page.get_by_role("button", name="Set Default Context").click()
    expect(page.get_by_role("link", name="All changes from")).to_be_visible()
    page.get_by_role("button", name=f"Set {pointer} to").click()


def choose_filter(page: Page, label: str, value: str) -> None:
    if page.locator("details").first.get_attribute("open") is None:
        page.locator("summary").filter(has_text="Filters").click()
    page.get_by_label(label).select_option(value)
