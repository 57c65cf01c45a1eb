"""To keep a header in our table must not change what it needs."""

import json
from pathlib import Path

import pytest

from apps.datasets.headers import canonical
from apps.rules.observatories import get_observatory
from apps.rules.observatories.dataset_ids import dataset_ids
from tests.rules.oracle import load_context, observatory_of, our_answer, run_client
from tests.shared_data import bench_tools, data_root


@pytest.mark.parametrize("name", ["hst_0729.pmap", "jwst_0541.pmap", "roman_0006.pmap"])
def test_an_archived_header_needs_the_same_references(name: str, tmp_path: Path) -> None:
    observatory = get_observatory(observatory_of(name))
    context, grammar = load_context(name), dataset_ids(observatory.name)
    tool = str(bench_tools() / "gen_headers.py")
    records = json.loads(run_client([tool, str(data_root()), name, "30", "archived"], observatory.name))
    assert len(records) >= 30
    for record in records:
        kept = canonical(record["header"], observatory, grammar)
        # A table gives the keys back in an order of its own.
        sorted_by_key = dict(sorted(kept.items()))
        expected = our_answer(context, record["header"])
        assert our_answer(context, kept) == our_answer(context, sorted_by_key) == expected, record
        if grammar.key_prefix:
            bare = {key.removeprefix(grammar.key_prefix): value for key, value in record["header"].items()}
            assert our_answer(context, canonical(bare, observatory, grammar)) == expected, record
