"""Random parameters and forms of pages: each request is answered or refused, and none is our fault."""

import random
from collections.abc import Iterator
from urllib.parse import quote_from_bytes

import pytest

from apps.observatories import documents
from apps.rules.observatories.overlay import forget_overlay
from tests.factories.world import World, make_world
from tests.fuzz import OVERLAY, mutated

pytestmark = pytest.mark.django_db

QUESTION = "META.INSTRUMENT.NAME=MIRI&META.OBSERVATION.DATE=2024-02-03&META.OBSERVATION.TIME=00:00:00"
KEPT = "/?=&*:%"  # These keep their meaning in most requests.


@pytest.fixture
def world() -> Iterator[World]:
    found = make_world()
    found.browser.handler.enforce_csrf_checks = False
    yield found
    forget_overlay("jwst")  # A draft may have been confirmed.


def pages(world: World) -> list[str]:
    """Return addresses with parameters."""
    name, dataset = world.values["tables/name"], world.values["dataset_id"]
    return [
        f"/tables/{name}/?part=1&row=2&column=1&x=a&y=b&against={name}",
        f"/bestrefs/results/?context=jwst-edit&{QUESTION}&format=tar",
        f"/bestrefs/results/?context=jwst-edit&{QUESTION}&format=metalink",
        f"/bestrefs/results/?dataset={dataset}&context=jwst-latest&format=fetch&types=flat",
        f"/bestrefs/explain/?context=jwst-edit&{QUESTION}&reftype=flat",
        "/browse_db/?instrument=miri&sort=-name&page=2&q=flat&format=csv",
        "/recent_activity/?sort=date&page=1&format=json",
        f"/observatory/drafts/{world.values['observatory/key']}/",
        "/observatory/versions/1/?against=2",
    ]


def forms(world: World) -> list[tuple[str, bytes]]:
    """Return addresses and the forms that people send to them."""
    return [
        ("/observatory/edit/value/", b"keyword=META.INSTRUMENT.FILTER&values=Z,Y&where=miri flat"),
        (
            "/observatory/edit/constraint/",
            b"keyword=EXPTIME&required=yes&check=(float(EXPTIME) > 0)&where=miri",
        ),
        ("/observatory/edit/text/", b"text=" + quote_from_bytes(OVERLAY).encode()),
        (
            f"/observatory/drafts/{world.values['observatory/key']}/",
            b"reason=Because.&is_accepted=on",
        ),
        ("/subscriptions/hooks/add/", b"address=https://example.org/crds?a=b&types=context.changed"),
        ("/subscriptions/add/", b"subject=miri/flat&period=daily"),
        ("/bestrefs/", b"dataset_mode=header&header_text=" + quote_from_bytes(QUESTION.encode()).encode()),
    ]


def ask(world: World, requests: int, seed: int) -> set[int]:
    """Return the statuses of the answers; an internal error raises."""
    chance, statuses = random.Random(seed), set()
    for _ in range(requests):
        body = None
        if chance.random() < 0.5:
            path, body = chance.choice(forms(world))
            body = mutated(chance, body) + f"&base={documents.sha1sum(documents.text())}".encode()
        else:
            changed = mutated(chance, chance.choice(pages(world)).encode())[:4000]
            path = "/" + quote_from_bytes(changed, safe=KEPT if chance.random() < 0.8 else "").lstrip("/")
        if body is None:
            answer = world.browser.get(path)
        else:
            answer = world.browser.post(path, body, content_type="application/x-www-form-urlencoded")
        assert answer.status_code < 500, (answer.status_code, path, body)
        if answer.streaming:
            assert b"".join(answer.streaming_content) is not None  # type: ignore[arg-type]
        statuses.add(answer.status_code)
    return statuses


def test_random_parameters_and_forms_are_answered_or_refused(world: World) -> None:
    assert {200, 404} <= ask(world, 60, seed=7)


@pytest.mark.campaign
def test_many_random_parameters_and_forms_are_answered_or_refused(world: World) -> None:
    assert {200, 302, 400, 404} <= ask(world, 5000, seed=2613)
