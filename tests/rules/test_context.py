from concurrent.futures import ThreadPoolExecutor

import pytest

from apps.rules.errors import HeaderError, UnknownInstrumentError, UnknownMappingError
from apps.rules.lookup.bounded_cache import forget_all
from apps.rules.lookup.context import assemble
from tests.rules.factories import CASES, make_context, make_header, make_rmap, make_upper


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (("1999-12-31", "23:59:59.999"), "any.fits"),
        (("2000-01-01", "00:00:00"), "a1.fits"),
        (("2004-12-31", "23:59:59"), "a1.fits"),
        (("2005-01-01", "00:00:00"), "a2.fits"),
        (("1989-12-31", "23:59:59"), "NOT FOUND No match found."),
    ],
)
def test_the_latest_useafter_applies_and_later_ones_fall_through(
    when: tuple[str, str], expected: str
) -> None:
    header = make_header(DATE_OBS=when[0], TIME_OBS=when[1])
    assert make_context().best_references(header) == {"darkfile": expected}


def test_a_bad_date_does_not_fall_through() -> None:
    answer = make_context().best_references(make_header(DATE_OBS="UNDEFINED"))["darkfile"]
    assert answer == "NOT FOUND UseAfter parameter 'DATE-OBS' is UNDEFINED."


def test_an_invalid_value_is_named() -> None:
    answer = make_context().best_references(make_header(DETECTOR="NUV"))["darkfile"]
    assert answer == "NOT FOUND  parameter='DETECTOR' value='NUV' is not in ['CCD', 'MAMA']"


def test_lower_case_keys_win() -> None:
    header = make_header(DETECTOR="MAMA", FILTER="B") | {"detector": "CCD"}
    assert make_context().best_references(header) == {"darkfile": "any.fits"}


def test_special_types_and_picked_types() -> None:
    context = make_context(specials={"biasfile": "N/A", "shadfile": "OMIT", "lampfile": "TEMP_N/A"})
    header = make_header()
    everything = {"darkfile": "a1.fits", "biasfile": "NOT FOUND n/a", "lampfile": "NOT FOUND n/a"}
    assert context.best_references(header) == everything
    assert context.best_references(header, []) == everything
    assert context.best_references(header, ["SHADFILE", "Biasfile", "none"]) == {
        "biasfile": "NOT FOUND n/a",
        "none": "NOT FOUND Unknown reference type 'none'",
    }
    assert context.rmap_name("stis", "shadfile") == "OMIT"
    assert context.rmap_name("STIS", "DARKFILE") == "hst_stis_darkfile_0001.rmap"
    assert context.rmap_name("stis", "none") is None
    assert context.rmap_name("acs", "darkfile") is None


def test_unknown_instruments_are_refused_with_what_is_known() -> None:
    with pytest.raises(
        UnknownInstrumentError, match=r"Unknown instrument 'acs' for context 'hst_0001\.pmap'"
    ) as caught:
        make_context().best_references(make_header(INSTRUME="ACS"))
    assert caught.value.detail == "The context knows stis."
    assert caught.value.code == "instrument_unknown"
    with pytest.raises(HeaderError, match="Missing 'INSTRUME' keyword"):
        make_context().best_references({"DETECTOR": "CCD"})


def test_a_missing_child_is_named() -> None:
    pmap = make_upper("pmap", {"STIS": "hst_stis_0001.imap"}, name="hst_0001.pmap")
    with pytest.raises(
        UnknownMappingError, match=r"hst_0001\.pmap refers to unknown mapping 'hst_stis_0001.imap'"
    ):
        assemble(pmap.name, {pmap.name: pmap})


def test_names_and_parkeys_of_a_context() -> None:
    context = make_context(make_rmap(extra_keys=("EXTRA",), reffile_switch="DARKCORR"))
    assert context.mapping_names() == ("hst_0001.pmap", "hst_stis_0001.imap", "hst_stis_darkfile_0001.rmap")
    assert context.reference_names() == ("a1.fits", "a2.fits", "any.fits", "bc.fits")
    assert context.instruments() == ("stis",)
    assert context.imap_name("STIS") == "hst_stis_0001.imap"
    expected = ["INSTRUME", "DARKCORR", "DATE-OBS", "DETECTOR", "EXTRA", "FILTER", "REFTYPE", "TIME-OBS"]
    required = context.required_parkeys()
    assert required == {"stis": expected}
    # The list is the caller's own.
    assert isinstance(required, dict)
    required["stis"].append("X")
    assert context.required_parkeys() == {"stis": expected}


def test_forgetting_changes_no_answer() -> None:
    context = make_context()
    headers = [make_header(FILTER=str(number), DETECTOR="CCD") for number in range(3_000)]
    before = [context.best_references(header) for header in headers]
    forget_all()
    assert [context.best_references(header) for header in headers] == before


def test_threads_share_a_context() -> None:
    context = make_context(make_rmap(CASES), make_rmap(filekind="BIASFILE"))
    headers = [
        make_header(FILTER=name, DETECTOR=chip) for name in "ABCDEF" * 30 for chip in ("CCD", "MAMA", "X")
    ]
    expected = [context.best_references(header) for header in headers]
    forget_all()
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            assert list(pool.map(context.best_references, headers)) == expected


def test_answers_belong_to_the_caller() -> None:
    context = make_context()
    first = context.best_references(make_header())
    first["darkfile"] = "changed"
    assert context.best_references(make_header()) == {"darkfile": "a1.fits"}
