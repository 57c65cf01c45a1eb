"""The methods as callers see them; `tests/bestrefs` tests their answers."""

import pytest

from tests.factories.datasets import CONTEXT, make_dataset, make_header, publish_context
from tests.factories.rpc import call, failed

pytestmark = pytest.mark.django_db

FUV = {"brftab": "s7g1700el_brf.fits", "deadtab": "s7g1700gl_dead.fits"}


@pytest.fixture(autouse=True)
def context(settings) -> None:
    settings.OBSERVATORY = "hst"
    publish_context()
    make_dataset()


def test_get_best_references() -> None:
    assert call("get_best_references", CONTEXT, make_header()) == FUV
    assert call("get_best_references", "hst-latest", make_header(), ["DEADTAB"]) == {
        "deadtab": FUV["deadtab"]
    }
    assert call("get_best_references", context=None, header=make_header(), reftypes=[]) == FUV


def test_get_best_references_accepts_values_of_other_types_than_text() -> None:
    assert call("get_best_references", CONTEXT, make_header(A=1, B=2.5, C=True)) == FUV


def test_get_best_references_of_an_unusable_header_is_an_error() -> None:
    assert "INSTRUME" in failed("get_best_references", CONTEXT, {})
    assert "Unknown instrument 'foo'" in failed("get_best_references", CONTEXT, {"INSTRUME": "FOO"})
    assert "hst_0999.pmap" in failed("get_best_references", "hst_0999.pmap", make_header())
    assert failed("get_best_references", "../../etc/passwd", make_header())
    for header in (None, [], "text", 5):
        assert "header must be an object" in failed("get_best_references", CONTEXT, header)


def test_get_best_references_by_ids() -> None:
    assert call("get_best_references_by_ids", CONTEXT, ["lb4q04010"]) == {"lb4q04010": [True, FUV]}
    found = call("get_best_references_by_ids", CONTEXT, ["lb4q04010", "BAR"], None, True)
    assert found["BAR"] == [False, "NOT FOUND dataset ID does not exist 'BAR'"]
    assert found["headers"]["lb4q04010"]["INSTRUME"] == "COS"
    assert call("get_best_references_by_ids", context=CONTEXT, ids=[]) == {}


def test_get_best_references_by_header_map() -> None:
    found = call("get_best_references_by_header_map", CONTEXT, {"a:b": make_header(), "c": {}})
    assert found["a:b"] == FUV
    assert found["c"].startswith("NOT FOUND ")
    assert "cannot be the id" in failed("get_best_references_by_header_map", CONTEXT, {"<b>": make_header()})


def test_get_aui_best_references() -> None:
    assert call("get_aui_best_references", "2100-01-01", ["lb4q04abq", "J00000010"]) == {
        "lb4q04abq": [True, sorted(FUV.values())],
        "J00000010": [False, "NOT FOUND dataset ID does not exist 'J00000010'"],
    }
    assert failed("get_aui_best_references", "2010-13-45", ["lb4q04abq"]).startswith(
        "InvalidDateBasedContext: "
    )


def test_get_required_parkeys() -> None:
    assert call("get_required_parkeys", "hst-latest")["cos"][0] == "INSTRUME"
    assert call("get_required_parkeys", "hst_cos_brftab_0001.rmap")[0] == "DETECTOR"


def test_limits_are_errors(settings) -> None:
    settings.MAX_BESTREFS_PER_RPC = 1
    for method in ("get_best_references_by_ids", "get_aui_best_references"):
        assert "at most 1 are answered" in failed(method, CONTEXT, ["A", "B"])
    assert "at most 1" in failed("get_best_references_by_header_map", CONTEXT, {"A": {}, "B": {}})
