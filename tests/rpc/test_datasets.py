"""The methods as callers see them; `tests/bestrefs` tests their answers."""

import pytest

from tests.factories.datasets import CONTEXT, make_dataset, publish_context
from tests.factories.rpc import call, failed

pytestmark = pytest.mark.django_db

ID = "LB4Q04010:LB4Q04ABQ"


@pytest.fixture(autouse=True)
def context(settings) -> None:
    settings.OBSERVATORY = "hst"
    publish_context()
    make_dataset(ID)


def test_get_dataset_ids() -> None:
    assert call("get_dataset_ids", CONTEXT, "COS") == [ID]
    assert call("get_dataset_ids", "2100-01-01T00:00:00", "cos", None) == [ID]
    assert (
        call("get_dataset_ids", context="hst-operational", instrument="cos", datasets_since="2011-01-01")
        == []
    )
    assert failed("get_dataset_ids", CONTEXT, "foo") == "OtherError: Unknown instrument 'foo'; known are cos."
    assert "is not a timestamp" in failed("get_dataset_ids", CONTEXT, "cos", "auto")


def test_get_dataset_headers_by_id() -> None:
    found = call("get_dataset_headers_by_id", CONTEXT, ["lb4q04abq", "J00000010"])
    assert found["J00000010:J00000010"] == "NOT FOUND dataset ID does not exist 'J00000010'"
    assert found[ID]["INSTRUME"] == "COS"
    assert {type(value) for value in found[ID].values()} == {str}


@pytest.mark.parametrize("identifier", ["BAR", "BAR:BAR"])
def test_an_id_without_instrument_is_refused_for_the_dataset_that_a_person_would_name(
    identifier: str,
) -> None:
    message = failed("get_dataset_headers_by_id", CONTEXT, [identifier])
    assert message == "OtherError: Can't determine instrument for dataset 'BAR'"


def test_an_id_of_an_association_without_instrument_is_refused_in_full() -> None:
    assert "dataset 'BAR:FOO'" in failed("get_dataset_headers_by_id", CONTEXT, ["BAR:FOO"])


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "../../etc/passwd", "'; DROP TABLE x; --", "x" * 100_000]
)
def test_hostile_ids_are_answered_and_cut(text: str) -> None:
    message = failed("get_dataset_headers_by_id", CONTEXT, [text])
    assert message.startswith("OtherError: Can't determine instrument for dataset ")
    assert len(message) < 1000


def test_get_dataset_headers_by_instrument() -> None:
    assert list(call("get_dataset_headers_by_instrument", CONTEXT, "cos")) == [ID]


def test_more_ids_than_published_are_an_error(settings) -> None:
    settings.MAX_HEADERS_PER_RPC = 1
    assert list(call("get_dataset_headers_by_id", CONTEXT, [ID])) == [ID]
    assert "at most 1 are answered" in failed("get_dataset_headers_by_id", CONTEXT, [ID, "A"])


def test_get_dataset_history() -> None:
    found = call("get_dataset_history", ID)
    assert found["dataset"] == ID
    assert [era["context"] for era in found["history"]] == [CONTEXT]
    assert found["references"] == {
        change["reftype"]: change["is_now"] for change in found["history"][0]["changes"]
    }
    assert "No dataset with the id 'nothing' is known" in failed("get_dataset_history", "nothing")
