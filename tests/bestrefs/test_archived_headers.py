"""Headers in our table, which must need the same references as before they were stored."""

import pytest

from apps.datasets.headers import canonical
from apps.rules.observatories import dataset_ids, get_observatory
from tests.factories.headers import make_headers
from tests.rules.oracle import load_context, mapping_text, observatory_of, our_answer

pytestmark = pytest.mark.shared_data


@pytest.mark.parametrize("name", ["hst_0729.pmap", "jwst_0541.pmap", "roman_0006.pmap"])
def test_an_archived_header_needs_the_same_references(name: str) -> None:
    observatory = get_observatory(observatory_of(name))
    context, grammar = load_context(name), dataset_ids(observatory.name)
    texts = {each: mapping_text(each) for each in context.mapping_names()}
    made = make_headers(texts, observatory, count=30, seed="archived")
    # No archive tells None for a value.
    headers = [{key: value for key, value in header.items() if value is not None} for header in made]
    assert len(headers) >= 30
    for header in headers:
        kept = canonical(header, observatory, grammar)
        # A table returns the keys in its own order.
        sorted_by_key = dict(sorted(kept.items()))
        expected = our_answer(context, header)
        assert our_answer(context, kept) == our_answer(context, sorted_by_key) == expected, header
        if grammar.key_prefix:
            bare = {key.removeprefix(grammar.key_prefix): value for key, value in header.items()}
            assert our_answer(context, canonical(bare, observatory, grammar)) == expected, header
