"""The server below a path: every address in a page, an answer or a mail begins with this path."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test.utils import override_script_prefix

from tests.factories.world import World, make_world
from tests.url_table import every_address

pytestmark = pytest.mark.django_db

OWN = {"Sec-Fetch-Site": "same-origin"}
# An attribute of a page whose value begins with a slash.
ADDRESS = re.compile(r"""\b(?:href|src|action|formaction|data-[a-z-]+)=["'](/[^"']*)["']""")
# The client appends the path of a deletion to a base address that it knows (wire protocol, section 6.5).
GONE = {"/logout/", "/logout"}


@pytest.fixture
def world(settings: Any) -> Iterator[World]:
    settings.PUBLIC_URL, settings.PUBLIC_PATH = "http://testserver/cal", "/cal"
    settings.FORCE_SCRIPT_NAME = "/cal"
    settings.STATIC_URL = "/cal/static/"
    with override_script_prefix("/cal/"):
        yield make_world()


def test_every_page_links_below_the_path(world: World) -> None:
    wrong: dict[str, set[str]] = {}
    pages = 0
    for address in every_address(world.values):
        if address.path in GONE:
            continue
        answer = world.browser.get(f"/cal{address.path}", headers=OWN)
        location = answer.headers.get("Location", "")
        links = {location} if location.startswith("/") else set()
        if answer["Content-Type"].startswith("text/html") and not answer.streaming:
            pages += 1
            links |= set(ADDRESS.findall(answer.text))
        answer.close()
        if found := {link for link in links if not f"{link}/".startswith("/cal/")}:
            wrong[str(address)] = found
    assert not wrong
    assert pages > 50
