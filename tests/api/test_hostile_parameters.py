"""Random parameters and bodies of REST: each request is answered or refused, and none is our fault."""

import json
import random
from urllib.parse import quote_from_bytes

import pytest
from django.test import Client

from tests.factories.accounts import make_token, make_user
from tests.factories.world import World, make_world
from tests.fuzz import mutated

pytestmark = pytest.mark.django_db

PARAMETERS = (
    b"/api/v1/files?kind=reference&instrument=miri&reftype=dark&state=delivered&name=*.fits&limit=10",
    b"/api/v1/files?cursor=jwst_miri_dark_0001.fits&limit=1000",
    b"/api/v1/files/jwst_miri_dark_0001.fits",
    b"/api/v1/contexts/jwst-2020-01-01T00:00:00",
    b"/api/v1/mappings/jwst_0001.pmap",
    b"/api/v1/jobs/1",
    b"/api/v1/changes?after=1&limit=10",
    b"/api/v1/datasets/JW00001001001_02101_00001.MIRIMAGE/best-references?context=jwst-edit&types=dark",
    b"/api/v1/submissions?instrument=miri&status=ready&before=9&limit=10",
)
HEADER = {
    "META.INSTRUMENT.NAME": "MIRI",
    "META.INSTRUMENT.DETECTOR": "MIRIMAGE",
    "META.INSTRUMENT.FILTER": "F770W",
    "META.OBSERVATION.DATE": "2024-02-03",
    "META.OBSERVATION.TIME": "00:00:00",
}
ORDERS = (
    {"kind": "batch", "instrument": "miri", "description": "Better corners.", "creator": "Homer"},
    {"kind": "references", "instrument": "miri", "description": "One.", "auto_rename": False},
    {"kind": "mappings", "instrument": "miri", "description": "One.", "context": "latest"},
    {"kind": "certify", "context": "jwst_0001.pmap", "compare_old_reference": False},
    {"kind": "delete", "instrument": "miri", "description": "Old.", "names": ["jwst_miri_flat_0001.fits"]},
    {"kind": "add", "instrument": "miri", "description": "New.", "change_level": "trivial", "names": ["a"]},
)
BODIES = (
    *((b"/api/v1/best-references", json.dumps({"header": HEADER, "context": "jwst-edit"}).encode()),) * 3,
    *((b"/api/v1/explanations", json.dumps({"header": HEADER, "types": ["flat"]}).encode()),) * 3,
    *((b"/api/v1/submissions", json.dumps(order).encode()) for order in ORDERS),
)
ACTS = ("confirm", "force", "cancel", "")
KEPT = "/?=&*:%"  # These keep their meaning in most requests.


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def caller(world: World) -> Client:
    """Return a program of an operator."""
    _, text = make_token(make_user("marge", role="admin"))
    return Client(headers={"Authorization": f"Bearer {text}"}, raise_request_exception=True)


def address(chance: random.Random, path: bytes) -> str:
    quoted = quote_from_bytes(path[:4000], safe=KEPT if chance.random() < 0.8 else "")
    return "/" + quoted.lstrip("/")


def ask(client: Client, requests: int, seed: int, *, key: str = "") -> set[int]:
    """Return the statuses of the answers; an internal error raises.

    Parameters
    ----------
    key
        That of a submission. With it there are also bodies; without it only parameters.
    """
    chance, statuses = random.Random(seed), set()
    for _ in range(requests):
        path, body = chance.choice(PARAMETERS), None
        if key and chance.random() < 0.6:
            path, body = chance.choice(BODIES)
            if chance.random() < 0.2:
                path = f"/api/v1/submissions/{key}/{chance.choice(ACTS)}".encode()
            if chance.random() < 0.8:
                body = mutated(chance, body)
        if body is None or chance.random() < 0.1:
            path = mutated(chance, path)
        where = address(chance, path)
        if body is None:
            answer = client.get(where)
        else:
            answer = client.post(where, body, content_type="application/json")
        assert answer.status_code < 500, (answer.status_code, path, body)
        statuses.add(answer.status_code)
    return statuses


def test_random_parameters_are_answered_or_refused(client: Client) -> None:
    assert {200, 404} <= ask(client, 60, seed=7)


def test_random_bodies_are_answered_or_refused(caller: Client, world: World) -> None:
    assert {200, 422} <= ask(caller, 60, seed=7, key=world.values["submissions/key"])


@pytest.mark.campaign
def test_many_random_parameters_are_answered_or_refused(client: Client) -> None:
    assert {200, 404, 422} <= ask(client, 20_000, seed=2611)


@pytest.mark.campaign
def test_many_random_bodies_are_answered_or_refused(caller: Client, world: World) -> None:
    statuses = ask(caller, 20_000, seed=2612, key=world.values["submissions/key"])
    assert {200, 400, 404, 409, 422} <= statuses
