import pytest

from apps.catalog.mapping_text import look
from apps.rules.errors import MappingError
from tests.factories.catalog import make_imap, make_rmap


def test_an_rmap_tells_its_header_and_its_references_with_their_dates() -> None:
    found = look(make_rmap(references=["a.fits", "b.r0h"]), is_rmap=True)
    assert (found.instrument, found.filekind, found.derived_from) == ("miri", "dark", "made by hand")
    assert found.references == (("a.fits", "2015-01-01 00:00:00"), ("b.r0h", "2015-01-02 00:00:00"))


def test_an_imap_tells_its_children_without_directories() -> None:
    found = look(make_imap(rmaps={"DARK": "old/data/x_dark.rmap", "FLAT": "N/A"}), is_rmap=False)
    assert found.children == ("x_dark.rmap",)


def test_a_word_in_the_header_does_not_end_it() -> None:
    text = (
        "header = {\n    'description' : 'selector of old',\n    'instrument' : 'MIRI',\n}\nselector = {}\n"
    )
    assert look(text, is_rmap=True).instrument == "miri"


@pytest.mark.parametrize("is_rmap", [True, False])
@pytest.mark.parametrize("text", ["\x00{{{'''", "no mapping", "", "selector = {'''"])
def test_a_text_that_is_no_mapping_is_refused(text: str, is_rmap: bool) -> None:
    with pytest.raises(MappingError):
        look(text, is_rmap=is_rmap)
