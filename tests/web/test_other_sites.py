"""Pages of other sites change nothing for a logged-in person, whichever address they call."""

from collections.abc import Iterable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.jobs.models import Channel
from apps.locks.models import Lock
from apps.submissions.models import IngestFile
from apps.vo.models import QueryJob
from tests.factories.world import World, changed, everything, make_world
from tests.url_table import Address, every_address

pytestmark = pytest.mark.django_db

# The headers of a browser when a page of another site makes it send a request.
FOREIGN: dict[str, dict[str, str]] = {
    "another site": {"Sec-Fetch-Site": "cross-site", "Referer": "https://elsewhere.test/"},
    "a neighbour": {"Sec-Fetch-Site": "same-site", "Referer": "http://neighbour.testserver/"},
    "another site in an old browser": {"Referer": "https://elsewhere.test/"},
}
# A page can suppress its Referer, and browsers send Sec-Fetch-Site over HTTPS only.
HIDDEN: dict[str, str] = {}
OWN = {"Sec-Fetch-Site": "same-origin"}
# Quick looks, checksums and counts of requests are filled by anybody.
CACHES = ("Job ", "Channel ", "Message ", "RequestCount ", "checksums/")


@pytest.fixture
def world() -> World:
    return make_world()


def differences(before: dict[str, Any], ignored: tuple[str, ...] = CACHES) -> list[str]:
    # Anybody may run a query. The job of a query without a login belongs to nobody.
    anonymous = {f"QueryJob {job.pk}" for job in QueryJob.objects.filter(owner="")}
    return [key for key in changed(before) if not key.startswith(ignored) and key not in anonymous]


def ask(world: World, method: str, address: Address, headers: dict[str, str]) -> int:
    """Send a request as a form of a foreign page would, and return the status."""
    form: dict[str, Any] = dict(world.form)
    if method == "POST":
        form["files"] = SimpleUploadedFile("a.fits", b"a")
    answer = getattr(world.browser, method.lower())(address.path, form, headers=headers)
    answer.close()
    return int(answer.status_code)


def first_change(world: World, method: str, headers: dict[str, str], addresses: Iterable[Address]) -> str:
    """Return the first address that changed something, with what it changed."""
    for address in addresses:
        before = everything()
        ask(world, method, address, headers)
        if found := differences(before):
            return f"{method} {address} changed {found}"
    return "The changes could not be repeated one by one."


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_address_changes_anything_for_a_page_of_another_site(world: World, method: str) -> None:
    addresses = every_address(world.values)
    for headers in FOREIGN.values():
        before = everything()
        for address in addresses:
            ask(world, method, address, headers)
        assert not differences(before), first_change(world, method, headers, addresses)


def test_gets_that_change_something_refuse_pages_that_hide_their_site(world: World) -> None:
    addresses = [address for address in every_address(world.values) if is_guarded(address)]
    before = everything()
    answers = {address.name: ask(world, "GET", address, HIDDEN) for address in addresses}
    assert {name for name, status in answers.items() if status == 403} >= {"delete", "logout", "open_channel"}
    # A person who types an address sends the same headers over HTTP, and that is an action of theirs.
    assert not differences(before, (*CACHES, "Lock "))


def is_guarded(address: Address) -> bool:
    return bool(getattr(address.view, "changes_by_get", False))


def is_service(address: Address) -> bool:
    return bool(getattr(address.view, "knows_callers", False))


def test_every_view_without_the_check_of_csrf_tokens_is_known(world: World) -> None:
    """Such a view must refuse foreign pages itself, or change nothing for the person at the browser."""
    exempt = {address.name for address in every_address(world.values) if hasattr(address.view, "csrf_exempt")}
    uploads = {"batch", "certify", "check_again", "extended", "mappings", "references"}
    check_it_later = {"area", "chunked", "difference_files"} | uploads
    know_nobody = {"json"}
    are_permitted_by_their_address = {"unsubscribe"}
    # Their callers are known by a header only, and a page of another site cannot send one.
    know_tokens_only = {address.name for address in every_address(world.values) if is_service(address)}
    assert len(know_tokens_only) > 15
    rest = {address.name for address in every_address(world.values) if address.path.startswith("/api/")}
    assert exempt == check_it_later | know_nobody | know_tokens_only | are_permitted_by_their_address | (
        rest - {"api-root", "openapi-json"}
    ) | {"theme"}


def test_the_same_requests_of_our_own_pages_change_something(world: World) -> None:
    known = {address.name: address for address in every_address(world.values)}
    ask(world, "GET", known["delete"], OWN)
    assert not IngestFile.objects.exists()
    before = Channel.objects.count()
    ask(world, "GET", known["open_channel"], OWN)
    assert Channel.objects.count() == before + 1
    ask(world, "GET", known["logout"], {"Referer": "http://testserver"})
    assert not Lock.objects.exists()
