"""Chromium before a live demo server; what no page of ours may do fails the test that saw it.

The browser and the server end with the last test of this folder: the browser's event loop would keep Django
from its database in every later test of the process.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.live import LiveServer, live_server

# The browser finds no other machine, whatever it would like to report or update.
FLAGS = (
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--no-first-run",
)
PATIENCE = 20_000  # milliseconds an expectation may take to come true
expect.set_options(timeout=PATIENCE)

# The files whose tests upload, deliver, and move pointers.
DELIVERING = {
    "test_deliveries.py",
    "test_drafts.py",
    "test_operators.py",
    "test_two_places.py",
    "test_upload.py",
}

NewPage = Callable[..., Page]
LogIn = Callable[..., None]


@pytest.fixture(scope="package")
def demo_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Yield the site of these tests; where its contexts point depends on which ran before."""
    with live_server("jwst", tmp_path_factory.mktemp("browser"), fill=("seed_demo",)) as server:
        yield server


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Yield Debian's Chromium with a profile of its own; as root it runs only without its sandbox."""
    program = shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, headless=True, chromium_sandbox=False, args=list(FLAGS)
        )
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """Yield what the browser complained of; a test that provokes a complaint removes it."""
    found: list[str] = []
    yield found
    assert not found


@pytest.fixture
def new_page(browser: Browser, demo_site: LiveServer, complaints: list[str]) -> Iterator[NewPage]:
    """Yield a function that opens a page with cookies of its own; its options are those of a context."""
    contexts = []

    def make(**options: Any) -> Page:
        options = {"viewport": {"width": 1280, "height": 800}, **options}
        context = browser.new_context(base_url=demo_site.url, **options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        _watch(page := context.new_page(), demo_site.url, complaints)
        return page

    yield make
    for context in contexts:
        context.close()


def _watch(page: Page, url: str, complaints: list[str]) -> None:
    def hear(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(f"{page.url}: {message.text}")

    def see(request: Request) -> None:
        if not request.url.startswith((f"{url}/", "data:", "blob:")):
            complaints.append(f"{page.url} asked for {request.url}")

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    page.on("request", see)


@pytest.fixture
def page(new_page: NewPage) -> Page:
    return new_page()


@pytest.fixture
def log_in(demo_site: LiveServer) -> LogIn:
    """Return a function that logs a page in as a person of the demo, by default without a lock."""
    passwords = json.loads((demo_site.root / "demo_accounts.json").read_text())

    def log_in(page: Page, *, instrument: str = "none", name: str = "demo_submitter", to: str = "/") -> None:
        page.goto(f"/login/?next={to}")
        page.get_by_label("Instrument").select_option(instrument)
        page.get_by_label("User name").fill(name)
        page.get_by_label("Password").fill(passwords[name])
        page.get_by_role("button", name="Continue").click()
        page.wait_for_url(f"**{to}")

    return log_in


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests in two processes, each with one server and one browser; all tests need the browser."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            group = "browser_deliveries" if item.path.name in DELIVERING else "browser"
            item.add_marker(pytest.mark.xdist_group(group))
            item.add_marker(pytest.mark.needs("chromium"))
