from apps.catalog.mapping_text import look, tainted
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


def test_text_that_is_no_mapping_tells_nothing() -> None:
    found = look("\x00{{{'''", is_rmap=True)
    assert found.references == found.children == ()


def test_taint_goes_up_only_and_survives_circles() -> None:
    children = {"p": ("i", "j"), "i": ("r",), "j": ("s", "p"), "q": ("k",)}
    assert tainted(["r"], children) == {"i", "p", "j"}
    assert tainted(["p"], {"p": ("i",), "i": ("p",)}) == {"i", "p"}
