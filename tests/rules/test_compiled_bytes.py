import pytest

from apps.rules.lookup.compiled_bytes import dump, load
from apps.rules.lookup.context import assemble
from tests.rules.factories import make_header, make_rmap, make_upper
from tests.rules.oracle import compiled, load_context
from tests.shared_data import is_real

pytestmark = pytest.mark.shared_data


def test_a_stored_mapping_answers_as_before() -> None:
    rmap = make_rmap()
    again = load(dump(rmap))
    for field in ("name", "kind", "observatory", "header", "selections", "selector", "references"):
        assert getattr(again, field) == getattr(rmap, field)
    context = assemble(again.name, {again.name: again})
    assert context.best_references(make_header()) == {"darkfile": "a1.fits"}


def test_context_mappings_are_stored_too() -> None:
    imap = make_upper("imap", {"darkfile": "N/A"}, name="hst_stis_0001.imap")
    assert load(dump(imap)).selections == imap.selections


@pytest.mark.parametrize("name", ["jwst_0541.pmap", "tobs.pmap" if is_real() else "tobs_0003.pmap"])
def test_real_mappings_survive_storage(name: str) -> None:
    for each in load_context(name).mapping_names():
        assert load(dump(compiled(each))).selector == compiled(each).selector
