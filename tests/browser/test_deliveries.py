"""Deliveries as people make them, page by page, from the upload to the new context."""

import base64
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import LogIn, NewPage
from tests.browser.delivering import (
    decide,
    delete_uploads,
    describe,
    edit_context,
    follow,
    inspect,
    new_flat,
    number_of,
    official_names,
    reload,
    upload,
)
from tests.live import LiveServer


def eight_flats(site: LiveServer, folder: Path) -> list[Path]:
    """Return a good flat and seven that are broken in different ways."""
    good, cut, twin = (new_flat(site, folder) for _ in range(3))
    cut.write_bytes(b"This is not FITS.")
    twin.write_bytes((site.root / "store/references/jwst/jwst_miri_flat_0006.fits").read_bytes())
    wrong = (
        {"USEAFTER": "yesterday"},
        {"DETECTOR": "NOSUCH"},
        {"BAND": "X"},
        {"FILTER": "F1"},
        {"FILTER": "F560"},
    )
    return [good, cut, twin, *(new_flat(site, folder, **keywords) for keywords in wrong)]


def drop(target: Locator, paths: Sequence[Path]) -> None:
    """Drop files on an element, as somebody does who drags them from a folder."""
    files = [[path.name, base64.b64encode(path.read_bytes()).decode()] for path in paths]
    target.evaluate(
        """(target, files) => {
          const carried = new DataTransfer();
          for (const [name, text] of files) {
            carried.items.add(new File([Uint8Array.from(atob(text), (each) => each.charCodeAt(0))], name));
          }
          const about = { dataTransfer: carried, bubbles: true, cancelable: true };
          target.dispatchEvent(new DragEvent("drop", about));
        }""",
        files,
    )


@pytest.fixture
def miri(page: Page, log_in: LogIn) -> Page:
    """Return the page of a person who holds the lock of MIRI and has uploaded nothing."""
    log_in(page, instrument="miri")
    delete_uploads(page)
    return page


def test_eight_files_of_which_seven_are_broken_are_repaired_and_confirmed_with_one_login(
    miri: Page, demo_site: LiveServer, tmp_path: Path
) -> None:
    before = edit_context(miri)
    good, *bad = eight_flats(demo_site, tmp_path)
    inspect(miri)
    miri.get_by_role("link", name="Batch Submit References", exact=True).click()
    miri.get_by_label("Add files…").set_input_files([good, *bad])
    describe(miri, "New flats; better")
    miri.get_by_role("button", name="Submit References").click()
    expect(miri.locator("#upload-refusal")).to_contain_text(f"Not uploaded yet: {good.name}")
    miri.get_by_role("button", name="Start upload").click()
    expect(miri.locator("#upload summary")).to_have_text("Upload Files (8 uploaded)")
    inspect(miri)
    miri.get_by_role("button", name="Submit References").click()
    expect(miri.locator("#error_message")).to_contain_text('Invalid character detected: ";"')
    expect(miri.get_by_label("Creator")).to_have_value("MIRI Team")
    describe(miri)
    miri.get_by_role("button", name="Submit References").click()
    follow(miri, "Failed")
    expect(miri.locator("#announcement")).to_contain_text("Replace the bad files below")
    expect(miri.locator("#repair")).to_contain_text("7 of 8 files have errors.")
    expect(miri.locator("#lock")).to_contain_text("miri")
    inspect(miri)

    # Each file gets its replacement: one under another name, the others dropped together under their own.
    first, *others = bad
    (tmp_path / "repaired").mkdir()
    fixed = [new_flat(demo_site, tmp_path).rename(tmp_path / "repaired" / path.name) for path in others]
    place = miri.locator(f"[data-replaces='{first.name}']")
    place.locator("input").set_input_files(new_flat(demo_site, tmp_path))
    expect(place).to_contain_text("is uploaded in its place.")
    drop(miri.locator("#check-again"), fixed)
    for path in others:
        expect(miri.locator(f"[data-replaces='{path.name}']")).to_contain_text("is uploaded in its place.")
    inspect(miri)
    miri.get_by_role("button", name="Check again").click()
    follow(miri, "Ready")

    expect(miri.locator(f"[id='{good.name}']")).to_have_text(re.compile(r"^jwst_miri_flat_\d{4}\.fits$"))
    assert len(official_names(miri)) == 8
    miri.locator("summary").filter(has_text=good.name).click()
    expect(miri.get_by_text(f"'{good.name}' conforms to FITS standards")).to_be_visible()
    expect(miri.locator("summary").filter(has_text="Logical Diff ('jwst_miri_flat_")).to_be_visible()
    miri.locator("summary").filter(has_text="Text Diff").click()
    expect(miri.locator(".diff-added").first).to_be_visible()
    inspect(miri)
    decide(miri, "confirm", "Confirmed")
    after = edit_context(miri)
    assert number_of(after) == number_of(before) + 1
    expect(miri.locator(f"[id='{before}'] a")).to_have_text(after)
    expect(miri.get_by_role("heading", name="Confirm or Abort Submission")).to_be_hidden()
    inspect(miri)


def test_the_extended_form_wants_its_answers_and_its_delivery_is_cancelled(
    page: Page, log_in: LogIn, demo_site: LiveServer, tmp_path: Path
) -> None:
    log_in(page, to="/submission_form/redcat_submit/")
    delete_uploads(page)
    before = edit_context(page)
    inspect(page)
    upload(page, new_flat(demo_site, tmp_path))
    page.get_by_label("Instrument").select_option("miri")
    page.get_by_label("Types of the files").fill("flat")
    page.get_by_label("Did you run the files through").fill("yes, 1.20.0")
    page.get_by_label("Observing modes that are affected").fill("imaging")
    page.get_by_label("How you tested").fill("run through the pipeline")
    describe(page)
    page.get_by_role("button", name="Submit References").click()
    expect(page.locator("#error_message")).to_be_visible()
    assert page.locator("div.error_message").count() == len(page.locator(".needed").all())
    expect(page.get_by_label("Observing modes that are affected")).to_have_value("imaging")
    inspect(page)
    for box in page.get_by_role("group", name="What you have checked").get_by_role("checkbox").all():
        box.check()
    page.get_by_label("The files comply with their format").select_option("Yes")
    page.get_by_role("button", name="Submit References").click()
    follow(page, "Ready")
    expect(page.locator("#lock")).to_contain_text("demo_submitter miri")
    page.locator("summary").filter(has_text="Questionnaire").click()
    expect(page.get_by_text("run through the pipeline")).to_be_visible()
    inspect(page)
    decide(page, "cancel", "Cancelled")
    assert edit_context(page) == before
    page.get_by_role("link", name="Record of this submission").click()
    expect(page.get_by_role("row", name="Correctness Testing run through the pipeline")).to_be_visible()
    inspect(page)


def test_certify_tells_what_is_wrong_and_offers_nothing_to_confirm(
    page: Page, log_in: LogIn, demo_site: LiveServer, tmp_path: Path
) -> None:
    log_in(page)
    delete_uploads(page)
    page.get_by_role("link", name="Certify Files").click()
    upload(page, bad := new_flat(demo_site, tmp_path, USEAFTER="yesterday"))
    page.get_by_role("button", name="Certify Files").click()
    follow(page, "Certified")
    verdict = page.locator("#certified details").filter(has_text=bad.name)
    expect(verdict.locator("summary")).to_contain_text("ERRORS")
    expect(verdict.locator(".log-error").first).to_contain_text("USEAFTER")
    expect(page.get_by_role("button", name="confirm")).to_have_count(0)
    inspect(page)


def test_references_are_submitted_as_orphans_and_then_added(
    miri: Page, log_in: LogIn, demo_site: LiveServer, tmp_path: Path
) -> None:
    before = edit_context(miri)
    miri.get_by_role("link", name="Submit References", exact=True).click()
    upload(miri, new_flat(demo_site, tmp_path))
    describe(miri)
    miri.get_by_label("Auto-Rename").check()
    miri.get_by_role("button", name="Submit Files").click()
    follow(miri, "Ready")
    (orphan,) = official_names(miri)
    decide(miri, "confirm", "Confirmed")
    assert edit_context(miri) == before, "orphans are in no context"

    log_in(miri, instrument="miri", to="/add_references/")
    miri.get_by_label("Added Files").fill("jwst_miri_flat_9999.fits")
    miri.get_by_label("Description").fill("Flats of the second run")
    miri.get_by_role("button", name="Add References").click()
    expect(miri.locator("#error_message")).to_contain_text("jwst_miri_flat_9999.fits")
    inspect(miri)
    miri.get_by_label("Added Files").fill(orphan)
    miri.get_by_role("button", name="Add References").click()
    follow(miri, "Ready")
    expect(miri.get_by_role("row").filter(has_text="added").filter(has_text=orphan)).to_be_visible()
    decide(miri, "confirm", "Confirmed")
    assert number_of(edit_context(miri)) == number_of(before) + 1


def test_an_rmap_edited_by_hand_is_confirmed_though_another_session_of_its_submitter_took_the_lock(
    miri: Page, new_page: NewPage, log_in: LogIn, demo_site: LiveServer, tmp_path: Path
) -> None:
    before = edit_context(miri)
    rmap = "jwst_miri_dark_0003.rmap"
    text = (demo_site.root / "store" / "mappings" / "jwst" / rmap).read_text()
    (edited := tmp_path / rmap).write_text(re.sub(r".*2026-01-01.*dark_0007.*\n", "", text))
    miri.get_by_role("link", name="Submit Mappings").click()
    upload(miri, edited)
    describe(miri, "A dark that was taken too early")
    expect(miri.get_by_label("Generate Contexts")).to_be_checked()
    miri.get_by_role("button", name="Submit Files").click()
    follow(miri, "Ready")
    expect(miri.get_by_role("row").filter(has_text="jwst_miri_dark_0007.fits")).to_contain_text("deleted")

    name, password = "second_person", secrets.token_urlsafe()
    (secret := tmp_path / "password").write_text(password)
    demo_site.manage("create_account", name, "--role", "submitter", "--password-from", str(secret))
    other = new_page()
    other.goto("/login/")
    other.get_by_label("Instrument").select_option("miri")
    other.get_by_label("User name").fill(name)
    other.get_by_label("Password").fill(password)
    other.get_by_role("button", name="Continue").click()
    expect(other.locator("#error_message")).to_contain_text("locked by demo_submitter")
    expect(other.get_by_role("link", name="Login")).to_be_visible()
    inspect(other)

    log_in(elsewhere := new_page(), instrument="miri", to="/locks/")
    expect(elsewhere.get_by_role("row", name=re.compile("^miri demo_submitter"))).to_be_visible()
    inspect(elsewhere)
    decide(miri, "confirm", "Confirmed")
    assert number_of(edit_context(miri)) == number_of(before) + 1


def test_without_scripts_a_batch_is_delivered_by_reloading(
    new_page: NewPage, log_in: LogIn, demo_site: LiveServer, tmp_path: Path
) -> None:
    page = new_page(java_script_enabled=False)
    log_in(page, instrument="miri", to="/batch_submit_references/")
    delete_uploads(page)
    before = edit_context(page)
    upload(page, new_flat(demo_site, tmp_path))
    describe(page)
    page.get_by_role("button", name="Submit References").click()
    reload(page, "Ready")
    decide(page, "confirm", "Confirmed")
    after = edit_context(page)
    assert number_of(after) == number_of(before) + 1
    expect(page.locator(f"[id='{before}'] a")).to_have_text(after)
