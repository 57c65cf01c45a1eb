"""Through JSON-RPC the answers are those of the client's own engine, key for key and text for text."""

import json
import os
import random
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.contract.client import Client
from tests.needs import client_python
from tests.roots import PROJECT
from tests.shared_data import data_root

HEADERS = 60  # of each instrument


def bench() -> Path:
    return Path(os.environ.get("CRDS_TEST_DATA", PROJECT.parent / "shared" / "data")).parent / "bench"


def oracle(context: str, folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return headers made from the rules of a context, and what the client answers to each."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "CRDS_OBSERVATORY": context.split("_")[0],
        "CRDS_SERVER_URL": f"https://{context.split('_')[0]}-serverless.example",
    }
    headers, answers = folder / "headers.json", folder / "answers.jsonl"
    base = [
        str(client_python()),
        str(bench() / "gen_headers.py"),
        str(data_root()),
        context,
        str(HEADERS),
        "7",
    ]
    with headers.open("w") as stream:
        subprocess.run(base, env=environment, stdout=stream, check=True)
    base[1:] = [str(bench() / "crds_baseline.py"), str(data_root()), context, str(headers)]
    base += ["--dump", str(answers), "--repeat", "1"]
    subprocess.run(base, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return json.loads(headers.read_text()), [json.loads(line) for line in answers.read_text().splitlines()]


def rpc(client: Client, method: str, *params: Any) -> dict[str, Any]:
    body = json.dumps({"jsonrpc": "1.0", "method": method, "params": params, "id": 1}).encode()
    return json.load(urllib.request.urlopen(f"{client.server.url}/json/", body))


def case(observatory: str, context: str) -> Any:
    """Return a parameter set that runs in the process that holds the observatory's server."""
    return pytest.param(observatory, context, marks=pytest.mark.xdist_group(f"{observatory}_server"))


@pytest.mark.parametrize(
    ("observatory", "context"),
    [
        case("hst", "hst_0729.pmap"),
        case("hst", "hst_0400.pmap"),
        case("jwst", "jwst_0541.pmap"),
        case("roman", "roman_0006.pmap"),
    ],
)
def test_answers_over_the_wire_equal_the_oracle(
    observatory: str, context: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    client = request.getfixturevalue(observatory)
    records, expected = oracle(context, tmp_path)
    together = {}
    for start in range(0, len(records), 500):
        batch = {record["id"]: record["header"] for record in records[start : start + 500]}
        together |= rpc(client, "get_best_references_by_header_map", context, batch)["result"]
    assert len(together) == len(records) == len(expected)
    for record, answer in zip(records, expected, strict=True):
        require_equal(together[record["id"]], answer, record)
    for index in random.Random(1).sample(range(len(records)), 25):
        single = rpc(client, "get_best_references", context, records[index]["header"])
        require_equal(single["result"] or "NOT FOUND", expected[index], records[index])


def require_equal(found: Any, expected: dict[str, Any], record: dict[str, Any]) -> None:
    """Compare one answer with the oracle's; a list there is a tie that the wire cannot carry."""
    if "error" in expected:
        assert str(found).startswith("NOT FOUND"), record
        return
    assert set(found) == set(expected["bestrefs"]), record
    for reftype, value in expected["bestrefs"].items():
        if isinstance(value, list):
            assert found[reftype].startswith("NOT FOUND The rules lead to 2 choices"), record
        else:
            assert found[reftype] == value, (reftype, record)
