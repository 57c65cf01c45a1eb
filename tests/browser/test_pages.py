"""Every page, wide and narrow, light and dark: it fits, and the browser does not complain.

The accessibility checker looks at two of the four, wide and light, narrow and dark. Screenshots of these go
to the folder that ``SCREENSHOTS`` names, by default ``var/screenshots``, to be looked at.
"""

import os
import re
import secrets
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page

from tests.browser.checks import assert_accessible, assert_fits
from tests.browser.conftest import LogIn
from tests.live import LiveServer

FOLDER = Path(os.environ.get("SCREENSHOTS", settings.BASE_DIR / "var" / "screenshots"))
PUBLIC = {
    "home": "/",
    "login": "/login/",
    "context history": "/display_context_history/",
    "affected datasets": "/reprocessing/",
    "all contexts": "/display_all_contexts/",
    "build contexts": "/display_build_contexts/",
    "context table": "/context_table/jwst_0005.pmap",
    "context table of a type": "/context_table/jwst_0005.pmap/miri/flat/",
    "difference of contexts": "/difference/?file1=jwst_0004.pmap&file2=jwst_0005.pmap",
    "difference files": "/difference_files/",
    "browse": "/browse_db/",
    "browse results": "/browse_db/?extension=*&instrument=miri",
    "reference": "/browse/jwst_miri_flat_0006.fits",
    "rmap": "/browse/jwst_miri_flat_0003.rmap",
    "pmap": "/browse/jwst_0005.pmap",
    "best references": "/bestrefs/",
    "explore": "/bestrefs_explore/",
    "explore miri": "/bestrefs_explore/jwst_0005.pmap/miri/",
    "activity": "/recent_activity/",
    "versions": "/server_versions/",
    "command line": "/docs/cmdline_bestrefs/",
    "guide": "/static/users_guide/index.html",
    "glossary": "/docs/glossary/",
    "console": "/json/browse/?method=get_default_context",
    "search": "/search/?q=miri",
    "observatory": "/observatory/",
    "changes": "/changes/jwst_0004.pmap/jwst_0005.pmap/",
    "new references": "/changes/",
    "dataset": "/dataset/JW01189001001_02101_00001.MIRIMAGE:JW01189001001_02101_00001.MIRIMAGE/",
    "client": "/client/",
    "virtual observatory": "/tap/",
    "not found": "/browse/jwst_miri_flat_9999.fits",
    "styleguide": "/styleguide/",
}
# Both schemes and both widths: contrast hangs on the scheme alone, and what can be reached on the width.
LARGEST = 300_000  # bytes of a page
LOOKED_INTO = {(1280, "light"), (360, "dark")}
SUBMITTER = {
    "deliver": "/upload/",
    "certify": "/certify/",
    "batch": "/batch_submit_references/",
    "extended": "/submission_form/redcat_submit/",
    "references": "/submit/reference/",
    "mappings": "/submit/mapping/",
    "add references": "/add_references/",
    "delete references": "/delete_references/",
    "mark files bad": "/mark_files_bad/",
    "history": "/submission_history/",
    "tokens": "/accounts/tokens/",
    "locks": "/locks/",
}
ADMIN = {
    "operate": "/operate/",
    "operate people": "/operate/people/",
    "operate jobs": "/operate/jobs/",
    "operate settings": "/operate/settings/",
    "operate audit": "/operate/audit/",
    "break lock": "/locks/fgs/break/",
}
OPERATOR = {
    "set context": "/set_context/",
    "delivery status": "/delivery_status/",
    "workflow": "/server_workflow/",
    "a new value": "/observatory/edit/value/",
    "the whole overlay": "/observatory/edit/text/",
}


@pytest.mark.parametrize("name", PUBLIC)
def test_everybodys_page(page: Page, complaints: list[str], name: str) -> None:
    look_at(page, name, PUBLIC[name])
    if name == "not found":
        complaints.clear()  # The browser reports the 404 that the test asked for.


def test_the_pages_of_submitters(page: Page, log_in: LogIn) -> None:
    log_in(page)
    for name, address in SUBMITTER.items():
        look_at(page, name, address)


def test_the_pages_of_operators(page: Page, log_in: LogIn) -> None:
    log_in(page, name="demo_operator")
    for name, address in OPERATOR.items():
        look_at(page, name, address)


def test_the_pages_of_admins(page: Page, log_in: LogIn, demo_site: LiveServer, tmp_path: Path) -> None:
    (secret := tmp_path / "password").write_text(password := secrets.token_urlsafe(20))
    name = f"admin_{secrets.token_hex(4)}"
    demo_site.manage("create_account", name, "--role", "admin", "--password-from", str(secret))
    page.goto("/login/")
    page.get_by_label("Instrument").select_option("fgs")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/")
    for title, address in ADMIN.items():
        look_at(page, title, address)


def look_at(page: Page, name: str, address: str) -> None:
    """Open a page once, and look at it four times."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    page.set_viewport_size({"width": 1280, "height": 800})
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == (404 if name == "not found" else 200), f"{address}: {answer.status}"
    assert len(answer.body()) < LARGEST, address
    for width in (1280, 360):
        assert_fits(page, width=width)
        for scheme in ("light", "dark"):
            # Colours that are still on their way from one scheme to the other are nobody's.
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            if (width, scheme) in LOOKED_INTO:
                assert_accessible(page)
                file = f"{re.sub('[^a-z]+', '_', name)}_{scheme}_{width}.png"
                page.screenshot(path=FOLDER / file, full_page=True)
