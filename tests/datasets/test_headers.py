import pytest

from apps.datasets.headers import canonical, find_instrument
from apps.rules.observatories import dataset_ids, get_observatory


def kept(header: dict, observatory: str = "hst") -> dict[str, str]:
    return canonical(header, get_observatory(observatory), dataset_ids(observatory))


def test_values_become_the_text_python_gives_them() -> None:
    assert kept({"A": 1, "B": 1.5, "C": True, "D": "x"}) == {"A": "1", "B": "1.5", "C": "True", "D": "x"}


def test_a_value_that_is_not_simple_is_left_out() -> None:
    assert kept({"A": [1], "B": {"C": 1}, "D": None, "E": "x"}) == {"E": "x"}


@pytest.mark.parametrize("header", [{"Key": "low", "KEY": "up"}, {"KEY": "up", "key": "low"}])
def test_of_a_key_in_two_cases_the_lower_one_counts(header: dict[str, str]) -> None:
    assert kept(header) == {"KEY": "low"}


def test_fits_keywords_are_joined_by_their_data_model_paths() -> None:
    found = kept({"INSTRUME": "MIRI", "FILTER": "F770W", "OTHER": "x"}, "jwst")
    assert found["META.INSTRUMENT.NAME"] == found["INSTRUME"] == "MIRI"
    assert found["META.INSTRUMENT.FILTER"] == "F770W"
    assert found["OTHER"] == "x"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"FILTER": "F560W", "META.INSTRUMENT.FILTER": "F770W"}, "F770W"),
        ({"META.INSTRUMENT.FILTER": "F770W", "FILTER": "F560W"}, "F560W"),
    ],
)
def test_of_a_keyword_and_its_path_the_later_one_counts(header: dict[str, str], expected: str) -> None:
    assert set(kept(header, "jwst").values()) == {expected}


def test_a_roman_archive_leaves_the_prefix_away() -> None:
    header = {"META.INSTRUMENT.NAME": "WFI", "productLevel": "1", "ROMAN.META.ORIGIN": "STSCI"}
    expected = {"ROMAN.META.INSTRUMENT.NAME": "WFI", "PRODUCTLEVEL": "1", "ROMAN.META.ORIGIN": "STSCI"}
    assert kept(header, "roman") == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"INSTRUME": " acs "}, "acs"),
        ({"INSTRUME": "UNDEFINED", "INSTRUMENT": "COS"}, "cos"),
        ({"INSTRUME": "WFII"}, "wfpc2"),
        ({"INSTRUME": ""}, None),
        ({}, None),
    ],
)
def test_a_header_names_its_instrument(header: dict[str, str], expected: str | None) -> None:
    assert find_instrument(header, get_observatory("hst")) == expected
