from datetime import UTC, datetime
from itertools import chain
from typing import Any

import pytest

from apps.bestrefs import queries
from apps.bestrefs.errors import BadLabelError, InstrumentNotInContextError, LimitExceededError
from apps.contexts.errors import InvalidDateContextError, UnknownContextError
from apps.datasets.errors import BadTimestampError, UndeterminedInstrumentError
from apps.rules.errors import HeaderError
from tests.factories.datasets import CONTEXT, make_dataset, make_header, publish_context

pytestmark = pytest.mark.django_db


def all_ids(*asked: str | None) -> list[str]:
    return list(chain.from_iterable(queries.dataset_ids(*asked)))  # type: ignore[arg-type]


FUV = {"brftab": "s7g1700el_brf.fits", "deadtab": "s7g1700gl_dead.fits"}
NUV = {
    "brftab": "NOT FOUND  parameter='DETECTOR' value='NUV' is not in ['FUV']",
    "deadtab": "s7g1700ql_dead.fits",
}


@pytest.fixture(autouse=True)
def context(hubble: None) -> str:
    return publish_context()


def test_one_header_gets_its_references_under_any_specifier() -> None:
    for specifier in (CONTEXT, "hst-latest", "hst-operational", "hst-edit", None, "null", "2100-01-01"):
        assert queries.best_references(specifier, make_header()) == FUV


PART = {"deadtab": FUV["deadtab"]}


@pytest.mark.parametrize(
    ("specifier", "expected"),
    [
        ("hst_cos_0001.imap", FUV),
        ("hst-cos-latest", FUV),
        ("hst-cos-2100-01-01 00:00:00", FUV),
        ("hst_cos_deadtab_0001.rmap", PART),
        ("hst-cos-deadtab-latest", PART),
    ],
)
def test_rules_of_one_instrument_or_type_answer_alone(specifier: str, expected: dict[str, str]) -> None:
    make_dataset("LB4Q04010:LB4Q04ABQ")
    assert queries.best_references(specifier, make_header()) == expected
    assert queries.best_references_by_header_map(specifier, {"a": make_header()}) == {"a": expected}
    found = queries.best_references_by_ids(specifier, ["LB4Q04ABQ"], include_headers=True)
    assert found["LB4Q04ABQ"] == [True, expected]
    assert found["headers"]["LB4Q04ABQ"]["INSTRUME"] == "COS"
    assert queries.aui_best_references(specifier, ["LB4Q04ABQ"]) == {
        "LB4Q04ABQ": [True, sorted(expected.values())]
    }
    headers = queries.dataset_headers(specifier, ["LB4Q04ABQ"])
    assert headers["LB4Q04010:LB4Q04ABQ"]["DETECTOR"] == "FUV"
    assert all_ids(specifier, "COS") == ["LB4Q04010:LB4Q04ABQ"]


def test_rules_of_one_instrument_never_answer_for_another() -> None:
    make_dataset("J8BT05010:J8BT05NJQ", instrument="acs", header=make_header(INSTRUME="ACS"))
    reason = "hst_cos_0001.imap has rules for COS only; the data are of 'ACS'."
    with pytest.raises(InstrumentNotInContextError, match="has rules for COS only"):
        queries.best_references("hst_cos_0001.imap", make_header(INSTRUME="ACS"))
    assert queries.best_references_by_ids("hst-cos-latest", ["J8BT05NJQ"]) == {
        "J8BT05NJQ": [False, f"NOT FOUND {reason}"]
    }
    with pytest.raises(InstrumentNotInContextError):
        queries.dataset_ids("hst-cos-latest", "acs")


def test_an_instrument_without_rules_has_no_context_of_its_own() -> None:
    with pytest.raises(InvalidDateContextError, match="'hst-acs-latest' means no mapping"):
        queries.best_references("hst-acs-latest", make_header(INSTRUME="ACS"))


def test_types_are_chosen_in_any_case_and_none_means_all() -> None:
    assert queries.best_references(None, make_header(), ["DeadTab"]) == {"deadtab": FUV["deadtab"]}
    assert queries.best_references(None, make_header(), []) == FUV


def test_types_that_fail_or_do_not_apply_say_so_in_words_of_the_wire() -> None:
    assert queries.best_references(None, make_header(DETECTOR="NUV")) == NUV
    assert queries.best_references(None, make_header(DEADCORR="OMIT"))["deadtab"] == "NOT FOUND n/a"


def test_an_unusable_header_or_context_fails_as_a_whole() -> None:
    with pytest.raises(HeaderError):
        queries.best_references(None, {})
    with pytest.raises(HeaderError):
        queries.best_references(None, make_header(INSTRUME="STIS"))
    with pytest.raises(UnknownContextError):
        queries.best_references("hst_0999.pmap", make_header())
    with pytest.raises(InvalidDateContextError):
        queries.best_references("hst-foo-edit", make_header())


def test_values_of_other_types_are_converted_to_text() -> None:
    header = make_header(CCDGAIN=1.5, FLAG=True, NOTHING=7)
    assert queries.best_references(None, header) == FUV


def test_one_bad_header_does_not_fail_the_others() -> None:
    headers = {"a": make_header(), "b": {}, "c": make_header(INSTRUME="STIS"), "d": [1], "e": None}
    found = queries.best_references_by_header_map(None, headers)
    assert found["a"] == FUV
    for label in "bcde":
        assert isinstance(found[label], str)
        assert found[label].startswith("NOT FOUND ")


@pytest.mark.parametrize("label", ["", "a b", "a/b", "<b>", "x" * 129, "ä", "a\n", "a\0"])
def test_labels_of_headers_are_checked(label: str) -> None:
    with pytest.raises(BadLabelError, match="cannot be the id of a header"):
        queries.best_references_by_header_map(None, {label: make_header()})


def test_all_characters_of_ids_may_be_labels() -> None:
    label = "aZ9.:-+_" + "x" * 120
    assert queries.best_references_by_header_map(None, {label: make_header()}) == {label: FUV}


@pytest.mark.parametrize("count", [2, 3, 4])
def test_the_published_limits_are_kept_with_an_error(count: int, settings: Any) -> None:
    settings.MAX_HEADERS_PER_RPC = settings.MAX_BESTREFS_PER_RPC = 3
    ids = [make_dataset(f"L{number:08d}:L{number:08d}").dataset_id for number in range(count)]
    questions = (
        lambda: queries.best_references_by_header_map(None, {label: make_header() for label in ids}),
        lambda: queries.best_references_by_ids(None, ids),
        lambda: queries.aui_best_references(None, ids),
        lambda: queries.dataset_headers(None, ids),
        lambda: queries.dataset_headers_of_instrument(None, "cos"),
    )
    for question in questions:
        if count <= 3:
            assert len(question()) == count
            continue
        text = f"{count} .* were sent in one call; at most 3|more than 3 datasets; one call returns no more"
        with pytest.raises(LimitExceededError, match=text):
            question()


def test_the_ids_of_an_instrument_have_no_limit(settings: Any) -> None:
    settings.MAX_HEADERS_PER_RPC = 1
    made = [make_dataset(f"L{number:08d}:L{number:08d}").dataset_id for number in range(3)]
    assert all_ids(None, "COS") == made


def test_ids_since_a_date_include_that_moment() -> None:
    make_dataset(observed_at=datetime(2010, 5, 6, 12, tzinfo=UTC))
    assert all_ids(None, "cos", "2010-05-06T12:00:00") == ["LB4Q04010:LB4Q04ABQ"]
    assert all_ids(None, "cos", "2010-05-06") == ["LB4Q04010:LB4Q04ABQ"]
    assert all_ids(None, "cos", "2010-05-06 12:00:01") == []
    with pytest.raises(BadTimestampError):
        queries.dataset_ids(None, "cos", "last week")


def test_an_unknown_instrument_is_named_with_the_known_ones() -> None:
    with pytest.raises(InstrumentNotInContextError, match="Unknown instrument 'foo'; known are cos"):
        queries.dataset_ids(None, "foo")


def test_ids_are_answered_as_they_were_asked_for() -> None:
    make_dataset()
    found = queries.best_references_by_ids(None, ["lb4q04010", "LB4Q04ABQ", "lb4q04010:LB4Q04ABQ"])
    assert found == {
        "lb4q04010": [True, FUV],
        "LB4Q04ABQ": [True, FUV],
        "lb4q04010:LB4Q04ABQ": [True, FUV],
    }


def test_a_product_of_several_exposures_has_an_entry_for_each() -> None:
    make_dataset("LB4Q04010:LB4Q04ABQ")
    make_dataset("LB4Q04010:LB4Q04ACQ", header=make_header(DETECTOR="NUV"))
    assert queries.best_references_by_ids(None, ["lb4q04010"]) == {
        "LB4Q04010:LB4Q04ABQ": [True, FUV],
        "LB4Q04010:LB4Q04ACQ": [True, NUV],
    }


def test_failures_of_ids_never_fail_the_call() -> None:
    make_dataset(header={"INSTRUME": "STIS"})
    ids = ["LB4Q04010", "L00000000", "BAR", "A:B:C", "<b>"]
    found = queries.best_references_by_ids(None, ids)
    assert [found[text][0] for text in ids] == [False] * 5
    assert found["BAR"] == [False, "NOT FOUND dataset ID does not exist 'BAR'"]
    assert "'stis'" in found["LB4Q04010"][1]
    assert queries.aui_best_references(None, ids) == found


def test_headers_come_along_if_wished() -> None:
    make_dataset(header=make_header(DEADCORR=None))
    found = queries.best_references_by_ids(None, ["lb4q04abq", "BAR"], ["deadtab"], include_headers=True)
    assert found["lb4q04abq"] == [True, {"deadtab": FUV["deadtab"]}]
    assert list(found["headers"]) == ["lb4q04abq"]
    assert found["headers"]["lb4q04abq"]["DEADCORR"] == "UNDEFINED"


def test_archive_interfaces_get_files_only() -> None:
    make_dataset("LB4Q04010:LB4Q04ABQ", header=make_header(DEADCORR="OMIT"))
    make_dataset("LB4Q04010:LB4Q04ACQ", header=make_header(DETECTOR="NUV"))
    found = queries.aui_best_references("2100-01-01", ["LB4Q04ABQ", "lb4q04acq", "LB4Q04010", "J00000010"])
    assert found == {
        "LB4Q04ABQ": [True, [FUV["brftab"]]],
        "lb4q04acq": [True, [NUV["deadtab"]]],
        "LB4Q04010": [True, [FUV["brftab"], NUV["deadtab"]]],
        "J00000010": [False, "NOT FOUND dataset ID does not exist 'J00000010'"],
    }


def test_headers_have_two_part_ids_and_all_parkeys() -> None:
    header = make_header(DEADCORR=None, BIASFILE="jref$x_bia.fits")
    make_dataset("LB4Q04010:LB4Q04ABQ", header=header)
    make_dataset("LB4Q04010:LB4Q04ACQ")
    found = queries.dataset_headers(None, ["lb4q04010", "lb4q04abq"])
    assert list(found) == ["LB4Q04010:LB4Q04ABQ", "LB4Q04010:LB4Q04ACQ"]
    kept = found["LB4Q04010:LB4Q04ABQ"]
    assert isinstance(kept, dict)
    assert kept["DEADCORR"] == "UNDEFINED"
    assert kept["BIASFILE"] == "jref$x_bia.fits"
    parkeys = queries.required_parkeys(None)
    assert isinstance(parkeys, dict)
    # The type of a reference belongs to references; headers of Hubble do without it.
    assert set(parkeys["cos"]) - kept.keys() == {"REFTYPE"}


def test_a_header_that_is_not_there_is_a_reason_under_a_two_part_id() -> None:
    make_dataset()
    assert queries.dataset_headers(None, ["j00000010"]) == {
        "J00000010:J00000010": "NOT FOUND dataset ID does not exist 'j00000010'"
    }
    assert queries.dataset_headers(None, ["LB4Q04010"], "2011-01-01") == {
        "LB4Q04010:LB4Q04010": "NOT FOUND dataset ID does not exist 'LB4Q04010' since 2011-01-01 00:00:00"
    }


def test_an_id_without_a_known_instrument_fails_the_call() -> None:
    make_dataset()
    with pytest.raises(UndeterminedInstrumentError, match="Can't determine instrument for dataset 'BAR'"):
        queries.dataset_headers(None, ["LB4Q04010", "BAR"])


def test_every_id_of_an_instrument_is_a_key_of_its_headers() -> None:
    made = [make_dataset(f"L{number:08d}:L{number:08d}").dataset_id for number in range(3)]
    assert list(queries.dataset_headers(None, all_ids(None, "cos"))) == made
    assert list(queries.dataset_headers_of_instrument(None, "cos", "2010-05-06")) == made


def test_parkeys_are_by_instrument_for_a_pmap_and_alone_below() -> None:
    cos = queries.required_parkeys(CONTEXT)["cos"]  # type: ignore[call-overload]
    assert cos[0] == "INSTRUME"
    assert set(cos[1:]) >= {"DETECTOR", "DATE-OBS", "TIME-OBS", "DEADCORR"}
    assert list(queries.required_parkeys("hst_cos_brftab_0001.rmap")) == ["DETECTOR", "DATE-OBS", "TIME-OBS"]
    assert "DETECTOR" in queries.required_parkeys("hst-cos-edit")
