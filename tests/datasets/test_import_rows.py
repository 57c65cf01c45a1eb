import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.errors import InvalidInputError
from apps.datasets.import_rows import LONGEST_HEADER, ImportRow, Raw, row_maker
from tests.factories.datasets import make_header


def made(
    dataset_id: Any = "L0:L1", header: Any = None, program: Any = None, observatory: str = "hst"
) -> ImportRow:
    return row_maker(observatory)(Raw(make_header() if header is None else header, dataset_id, program)).row


def test_a_row_holds_the_values_that_were_read() -> None:
    row = made("lb4q04010:lb4q04abq", make_header(PROPOSID=11111, extra=1.5))
    assert row[:4] == ("LB4Q04010", "LB4Q04ABQ", "cos", "11111")
    assert json.loads(row.header) == make_header() | {"PROPOSID": "11111", "EXTRA": "1.5"}
    assert row.observed_at == datetime(2010, 5, 6, 12, tzinfo=UTC)


def test_half_an_id_stands_in_both_places() -> None:
    assert made("lb4q04010")[:2] == ("LB4Q04010", "LB4Q04010")


def test_an_id_may_come_from_the_header() -> None:
    assert made(None, make_header(ROOTNAME="lb4q04abq", ASN_ID="LB4Q04010"))[:2] == ("LB4Q04010", "LB4Q04ABQ")


def test_a_program_that_is_given_goes_before_that_of_the_header() -> None:
    assert made(program="7", header=make_header(PROPOSID="8")).program == "7"
    assert made(program=7).program == "7"


def test_a_row_with_an_unreadable_date_is_accepted() -> None:
    for header in (make_header(DATE_OBS="someday"), make_header(TIME_OBS=None), make_header(DATE_OBS=5)):
        assert made(header=header).observed_at is None


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"header": []}, "the header is not an object"),
        ({"header": "text"}, "the header is not an object"),
        ({"header": {"A": "1"}}, "INSTRUME is missing; HST has acs, cos"),
        ({"header": make_header(INSTRUME="MIRI")}, "unknown instrument 'miri'; HST has acs, cos"),
        ({"header": make_header(INSTRUME=["COS"])}, "INSTRUME is missing"),
        ({"dataset_id": 5}, "the dataset id 5 is not text"),
        ({"dataset_id": ["x" * 9000]}, "the dataset id"),
        ({"dataset_id": None}, "none of MEMBER_NAME, DATA_SET_EXP, ROOTNAME, FILENAME holds the dataset id"),
        ({"dataset_id": "A;DROP TABLE"}, "is not a dataset id"),
        ({"dataset_id": "A\0"}, "is not a dataset id"),
        ({"program": "x" * 33}, "is not a word of at most 32 characters"),
        ({"program": {}}, "is not a word"),
        ({"program": "\0"}, "is not a word"),
        ({"header": make_header(KEY="a\0b")}, "the header holds an invalid character"),
        ({"header": make_header(KEY="\ud800")}, "the header holds an invalid character"),
        ({"header": make_header() | {"\udfff": "x"}}, "the header holds an invalid character"),
        ({"header": make_header(KEY="x" * LONGEST_HEADER)}, "the header is longer than"),
    ],
)
def test_an_unusable_row_is_refused_with_the_reason(raw: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        made(**raw)
    assert reason in str(caught.value)
    assert len(str(caught.value)) < 500


def test_letters_beyond_ascii_are_kept() -> None:
    assert json.loads(made(header=make_header(PI="Ångström ☂")).header)["PI"] == "Ångström ☂"


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=20), VALUES, max_size=8), VALUES, VALUES)
def test_anything_becomes_a_row_of_texts_or_is_refused(header: Any, dataset_id: Any, program: Any) -> None:
    for observatory in ("hst", "jwst", "roman"):
        try:
            row = made(dataset_id, header | {"INSTRUME": "COS"}, program, observatory)
        except InvalidInputError:
            continue
        kept = json.loads(row.header)
        assert all(isinstance(value, str) for value in kept.values())
        assert all(key == key.upper() for key in kept)
        row.header.encode()
