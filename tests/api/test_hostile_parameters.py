"""Random parameters of REST: each request is answered or refused, and none is our fault."""

import random
from urllib.parse import quote_from_bytes

import pytest
from django.test import Client

from tests.fuzz import mutated

pytestmark = pytest.mark.django_db

PARAMETERS = (
    b"/api/v1/files?kind=reference&instrument=miri&reftype=dark&state=delivered&name=*.fits&limit=10",
    b"/api/v1/files?cursor=jwst_miri_dark_0001.fits&limit=1000",
    b"/api/v1/files/jwst_miri_dark_0001.fits",
    b"/api/v1/contexts/jwst-2020-01-01T00:00:00",
    b"/api/v1/mappings/jwst_0001.pmap",
    b"/api/v1/jobs/1",
)
KEPT = "/?=&*:%"  # These keep their meaning in most requests.


def ask(client: Client, requests: int, seed: int) -> set[int]:
    """Return the statuses of the answers; an internal error raises."""
    chance, statuses = random.Random(seed), set()
    for _ in range(requests):
        changed = mutated(chance, chance.choice(PARAMETERS))[:4000]
        path = quote_from_bytes(changed, safe=KEPT if chance.random() < 0.8 else "")
        answer = client.get("/" + path.lstrip("/"))
        assert answer.status_code < 500, (answer.status_code, changed)
        statuses.add(answer.status_code)
    return statuses


def test_random_parameters_are_answered_or_refused(client: Client) -> None:
    assert {200, 404} <= ask(client, 60, seed=7)


@pytest.mark.campaign
def test_many_random_parameters_are_answered_or_refused(client: Client) -> None:
    assert {200, 404, 422} <= ask(client, 20_000, seed=2611)
