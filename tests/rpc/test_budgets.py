"""The budget of a request: its size, its shape, and what a batch may cost, for every method there is."""

import itertools
import json
import tracemalloc
import typing
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.rpc import dispatcher
from apps.rpc.budgets import DEPTH
from apps.rpc.registry import Method, all_methods
from tests.factories.catalog import make_file
from tests.factories.contexts import make_change, make_context
from tests.factories.rpc import request

pytestmark = pytest.mark.django_db

BODY = 1 << 20  # bytes, an eighth of the default
NODES = 40_000
BATCH_BYTES = 1 << 20
SPARE = 4 << 20  # bytes that a call may take for itself: caches, the context, lines of SQL
# All that is made of a body takes at most this many times its largest size.
TIMES_IN_MEMORY = 32
TIMES_IN_ANSWER = 6
QUERIES = 150

# Values with which a method gets as far as it can; the others are hostile.
SENSIBLE: dict[str, Any] = {
    "observatory": "jwst",
    "pipeline_context": "jwst_0001.pmap",
    "context": "jwst_0001.pmap",
    "date": "jwst_0001.pmap",
    "old_context": None,
    "new_context": None,
    "header": {"META.INSTRUMENT.NAME": "MIRI", "META.INSTRUMENT.DETECTOR": "DET0"},
    "header_map": {f"id{n}": {"META.INSTRUMENT.NAME": "MIRI"} for n in range(1000)},
    "dataset_id": "JW00000000001_1_1:JW00000000001_1_1",
    "dataset_ids": [f"jw{n:011}_1_1:jw{n:011}_1_1" for n in range(1000)],
    "reftypes": ["dark"],
    "include_headers": True,
    "files": ["jwst_miri_dark_0001.fits"],
    "filename": "jwst_miri_dark_0001.fits",
    "mapping": "jwst_miri_dark_0001.rmap",
    "reference": "jwst_miri_dark_0001.fits",
    "fields": None,
    "glob_pattern": "*",
    "instrument": "miri",
    "datasets_since": None,
    "state": "latest",
    "kind": "latest",
    "key": "no-such-key",
    "pipeline_name": "ops",
    "cal_ver": "1.2.3",
    "master_version": "1.2.3",
    "since_id": None,
}


METHODS = all_methods()  # Without those that fixtures register.
EACH_METHOD = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)


@pytest.fixture(autouse=True)
def small_budget(settings: Any) -> None:
    settings.RPC_BODY_LIMIT, settings.RPC_NODE_LIMIT, settings.RPC_BATCH_BYTES = BODY, NODES, BATCH_BYTES


@pytest.fixture
def world() -> None:
    make_context()
    make_change()
    make_file("jwst_miri_dark_0001.fits")


def hostile(annotation: Any) -> Iterator[Any]:
    """Yield the worst values of a type that fit into one body."""
    for kind in typing.get_args(annotation) if typing.get_origin(annotation) is not list else ():
        if isinstance(kind, type) or typing.get_origin(kind):
            yield from hostile(kind)
    origin = typing.get_origin(annotation)
    if annotation is str:
        yield from ("x" * 600_000, "*" * 60_000, "[" * 60_000, "\u0129" * 90_000)
    elif annotation is int:
        yield 2**63 - 1
    elif origin is list:
        yield from (["x"] * 35_000, [f"f{n}" for n in range(35_000)], ["x" * 1000] * 500, ["x" * 500_000])
    elif origin is dict or annotation is Any:
        yield from (
            {f"K{n}": "1" for n in range(15_000)},
            {"META.INSTRUMENT.NAME": "x" * 500_000},
            {f"id{n}": {"META.INSTRUMENT.NAME": "MIRI"} for n in range(7_000)},
            {f"id{n}": {"META.INSTRUMENT.NAME": f"{n}" + "x" * 700} for n in range(1000)},
        )


def questions(method: Method) -> Iterator[dict[str, Any]]:
    """Yield the parameters of the worst calls of a method: all of them sensible, or all but one."""
    hints = typing.get_type_hints(method.function)
    sensible = {parameter.name: SENSIBLE[parameter.name] for parameter in method.parameters}
    yield sensible
    for parameter in method.parameters:
        for value in hostile(hints[parameter.name]):
            yield sensible | {parameter.name: value}
    both = [name for name in ("reftypes", "fields", "dataset_ids", "header_map") if name in sensible]
    for one, other in itertools.combinations(both, 2):
        yield sensible | {one: next(hostile(hints[one])), other: sensible[other]}


def measured(body: bytes) -> tuple[bytes, int]:
    """Return the answer to a body, and the most memory that making it took, in bytes."""
    tracemalloc.start()
    try:
        answer = dispatcher.answer(body)
        return answer, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@EACH_METHOD
def test_no_call_exceeds_its_budget(method: Method, world: None) -> None:
    for params in questions(method):
        body = json.dumps(request(method.name, params=params)).encode()
        if len(body) > BODY:  # The view refuses it.
            continue
        with CaptureQueriesContext(connection) as made:
            answer, peak = measured(body)
        sizes = {name: len(str(value)) for name, value in params.items()}
        assert b"Internal error" not in answer, (sizes, answer[:300])
        assert len(answer) <= TIMES_IN_ANSWER * len(body) + BODY, sizes
        assert peak <= TIMES_IN_MEMORY * BODY + SPARE, sizes
        assert len(made) <= QUERIES, sizes


@EACH_METHOD
def test_no_batch_exceeds_its_budget(method: Method, world: None) -> None:
    params = {parameter.name: SENSIBLE[parameter.name] for parameter in method.parameters}
    one = json.dumps(request(method.name, params=params)).encode()
    nodes = sum(map(one.count, (b",", b":", b"{", b"[")))
    count = max(1, min(1000, BODY // len(one), NODES // (nodes + 2)))
    answer, peak = measured(b"[" + b",".join([one] * count) + b"]")
    answers = json.loads(answer)
    assert len(answers) == count
    largest = max(len(json.dumps(each)) for each in answers)
    assert len(answer) <= BATCH_BYTES + largest + 400 * count
    assert peak <= TIMES_IN_MEMORY * BODY + 4 * BATCH_BYTES + SPARE
    cost = method.cost.units(method.argument(method.cost.counted, params))
    refused = sum("of this batch" in str(each["error"]) for each in answers)
    assert count - refused <= max(1, 2000 // cost)


def test_every_parameter_has_a_sensible_value() -> None:
    assert {each.name for method in METHODS for each in method.parameters} <= SENSIBLE.keys()


def batch(*calls: dict[str, Any]) -> list[Any]:
    return json.loads(dispatcher.answer(json.dumps(calls).encode()))


def test_a_batch_gets_no_more_answers_once_they_are_too_large(world: None, settings: Any) -> None:
    settings.RPC_BATCH_BYTES = 1024
    calls = [request("get_file_info_map", "jwst", None, None, id=n) for n in range(3)]
    first, second, third = batch(*calls)
    assert first["error"] is None
    assert len(first["result"]) == 4
    for refused in (second, third):
        assert "The answers of this batch exceed 1024 bytes. Send the calls" in refused["error"]["message"]
    assert third["id"] == 2


@pytest.mark.parametrize(("units", "refused"), [(40, 0), (39, 1), (20, 1), (1, 1)])
def test_the_calls_of_a_batch_share_its_units(world: None, settings: Any, units: int, refused: int) -> None:
    settings.RPC_BATCH_UNITS = units
    answers = batch(request("list_mappings", "jwst"), request("list_references", "jwst"))
    assert answers[0]["error"] is None
    assert sum(answer["error"] is not None for answer in answers) == refused


def test_items_count_under_every_name_of_their_parameter(world: None, settings: Any) -> None:
    settings.RPC_BATCH_UNITS = 5
    ids = ["jw1", "jw2", "jw3"]
    named = {"context": "jwst_0001.pmap", "ids": ids}
    listed = ["jwst_0001.pmap", ids]
    for params in (named, listed):
        call = request("get_best_references_by_ids", params=params)
        first, second = batch(call, call)
        assert first["error"] is None
        assert "cost more than 5 units" in second["error"]["message"]


def test_a_batch_ends_after_its_time(world: None, settings: Any) -> None:
    settings.RPC_BATCH_SECONDS = -1
    first, second = batch(request("system.describe"), request("system.describe"))
    assert first["error"] is None
    assert "took more than" in second["error"]["message"]


def test_params_that_fit_no_method_are_counted_without_an_error(world: None) -> None:
    for params in (7, "text", None, [], {}, {"header_map": 7}, [1, 2, 3, 4, 5, 6]):
        first, second = batch(*[request("get_best_references_by_header_map", params=params)] * 2)
        assert first["error"]["name"] == second["error"]["name"] == "InvalidParamsError"


@pytest.mark.parametrize("levels", [DEPTH, DEPTH + 1])
def test_a_body_is_read_to_its_depth(levels: int) -> None:
    body = b"[" * levels + b"]" * levels
    message = json.loads(dispatcher.answer(body))
    wrong = message[0]["error"] if isinstance(message, list) else message["error"]
    assert ("depth of more than" in wrong["message"]) == (levels > DEPTH)


def test_a_body_of_many_values_is_refused_before_it_is_parsed() -> None:
    body = b'{"method": "get_best_references_by_header_map", "params": [null, {%b}]}' % b",".join(
        b'"%d":{}' % number for number in range(NODES)
    )
    answer, peak = measured(body)
    assert b"at most 40000 are read" in answer
    assert peak < 5 * len(body)


@pytest.mark.parametrize(
    ("reftypes", "words"), [(["x"] * 201, "201 types"), (["x" * 65], "A type has 65 characters")]
)
def test_no_instrument_has_so_many_types(world: None, reftypes: list[str], words: str) -> None:
    for method in ("get_best_references_by_header_map", "get_best_references"):
        (answer,) = batch(request(method, "jwst_miri_dark_0001.rmap", {}, reftypes))
        assert words in answer["error"]["message"]


def test_the_console_publishes_the_limits_and_the_costs(client: Client) -> None:
    text = client.get("/json/browse/").text
    assert f"{BODY:,} bytes" in text
    assert "1, and 1 for each one of header_map" in text
    assert "1, and 1 for each 100 of files, 500 if it is null" in text
