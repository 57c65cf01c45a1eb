"""Through JSON-RPC the answers are those of the client's own engine, key for key and text for text."""

import json
import random
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.contract.client import Client
from tests.rules.oracle import NO_FORM, generated
from tests.shared_data import is_real

pytestmark = pytest.mark.shared_data

HEADERS = 60  # of each instrument


def rpc(client: Client, method: str, *params: Any) -> dict[str, Any]:
    body = json.dumps({"jsonrpc": "1.0", "method": method, "params": params, "id": 1}).encode()
    return json.load(urllib.request.urlopen(f"{client.server.url}/json/", body))


def case(observatory: str, context: str) -> Any:
    """Return a parameter set that runs in the process that holds the observatory's server."""
    return pytest.param(observatory, context, marks=pytest.mark.xdist_group(f"{observatory}_server"))


CASES = [
    case("hst", "hst_0729.pmap"),
    case("hst", "hst_0400.pmap"),
    case("jwst", "jwst_0541.pmap"),
    case("roman", "roman_0006.pmap"),
]
if not is_real():
    # The real rules of the test observatory do not form a cache that could be imported.
    CASES.append(case("tobs", "tobs_0003.pmap"))


@pytest.mark.parametrize(("observatory", "context"), CASES)
def test_answers_over_the_wire_equal_the_oracle(
    observatory: str, context: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    client = request.getfixturevalue(observatory)
    records, expected = zip(*generated(context, HEADERS, "7", tmp_path), strict=True)
    together = {}
    for start in range(0, len(records), 500):
        batch = {record["id"]: record["header"] for record in records[start : start + 500]}
        together |= rpc(client, "get_best_references_by_header_map", context, batch)["result"]
    assert len(together) == len(records) == len(expected)
    for record, answer in zip(records, expected, strict=True):
        require_equal(together[record["id"]], answer, record)
    for index in random.Random(1).sample(range(len(records)), 25):
        single = rpc(client, "get_best_references", context, records[index]["header"])
        require_equal(as_in_a_map(single), expected[index], records[index])
    left_out = (
        record for record, answer in zip(records, expected, strict=True) if answer == {"bestrefs": {}}
    )
    if record := next(left_out, None):
        assert references_in_remote_mode(client, context, record["header"]) == {}


def references_in_remote_mode(client: Client, context: str, header: dict[str, Any]) -> Any:
    """Return what the client makes of the server's answer to a header."""
    program = f"""
import crds, json
found = crds.getreferences({header!r}, observatory={client.server.observatory!r}, context={context!r})
print(json.dumps(found))
"""
    done = client.python(program, CRDS_MODE="remote")
    assert done.status == 0, done.text
    return json.loads(done.output)


def as_in_a_map(response: dict[str, Any]) -> Any:
    """Return the answer to one header as a map of headers gives it: an error becomes ``NOT FOUND``."""
    return f"NOT FOUND {response['error']['message']}" if response["error"] else response["result"]


def require_equal(found: Any, expected: dict[str, Any], record: dict[str, Any]) -> None:
    """Compare one answer with the oracle's, whose values other than texts have no form on the wire.

    An answer without any type is not a failure: the rules leave all types out.
    """
    if "error" in expected:
        assert str(found).startswith("NOT FOUND"), record
        return
    assert set(found) == set(expected["bestrefs"]), record
    for reftype, value in expected["bestrefs"].items():
        if not isinstance(value, str):
            assert found[reftype].startswith(NO_FORM), record
        else:
            assert found[reftype] == value, (reftype, record)
