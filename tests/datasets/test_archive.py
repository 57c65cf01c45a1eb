from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.datasets.archive import TableArchive, get_archive
from apps.datasets.errors import UndeterminedInstrumentError
from apps.datasets.ids import DatasetId
from apps.datasets.queries import headers_of, ids_of_instrument, two_part_id
from tests.factories.datasets import make_dataset

pytestmark = pytest.mark.django_db
NOON = datetime(2010, 5, 6, 12, tzinfo=UTC)


def test_ids_are_those_of_the_instrument_sorted() -> None:
    make_dataset("LB4Q04010:LB4Q04ACQ")
    make_dataset("LB4Q04010:LB4Q04ABQ")
    make_dataset("J00000010:J00000010", instrument="acs")
    assert ids_of_instrument("cos") == ["LB4Q04010:LB4Q04ABQ", "LB4Q04010:LB4Q04ACQ"]
    assert ids_of_instrument("stis") == []


@pytest.mark.parametrize(("seconds", "count"), [(-1, 1), (0, 1), (1, 0)])
def test_since_includes_its_own_moment_and_no_dataset_without_date(seconds: int, count: int) -> None:
    make_dataset(observed_at=NOON)
    make_dataset("L00000010:L00000010", observed_at=None)
    since = NOON + timedelta(seconds=seconds)
    assert len(ids_of_instrument("cos", since=since)) == count
    assert len(headers_of(["LB4Q04010"], since=since)["LB4Q04010"]) == count


def test_a_product_stands_for_all_its_exposures_and_an_exposure_for_itself() -> None:
    make_dataset("LB4Q04010:LB4Q04ABQ")
    make_dataset("LB4Q04010:LB4Q04ACQ")
    found = headers_of(["lb4q04010", "LB4Q04ABQ", "lb4q04010:lb4q04acq", "LB4Q04ABQ:LB4Q04ACQ"])
    assert list(found["lb4q04010"]) == ["LB4Q04010:LB4Q04ABQ", "LB4Q04010:LB4Q04ACQ"]
    assert list(found["LB4Q04ABQ"]) == ["LB4Q04010:LB4Q04ABQ"]
    assert list(found["lb4q04010:lb4q04acq"]) == ["LB4Q04010:LB4Q04ACQ"]
    assert found["LB4Q04ABQ:LB4Q04ACQ"] == {}


def test_a_half_that_is_a_product_is_not_taken_for_an_exposure() -> None:
    make_dataset("LB4Q04ABQ:LB4Q04ABQ")
    make_dataset("LB4Q04010:LB4Q04ABQ")
    assert list(headers_of(["LB4Q04ABQ"])["LB4Q04ABQ"]) == ["LB4Q04ABQ:LB4Q04ABQ"]


def test_a_text_that_is_not_an_id_names_nothing() -> None:
    make_dataset()
    assert headers_of(["", "%", "A:B:C", "' OR 1=1 --", "\0"]) == {
        text: {} for text in ("", "%", "A:B:C", "' OR 1=1 --", "\0")
    }


def test_a_thousand_ids_are_a_handful_of_queries(django_assert_max_num_queries: Any) -> None:
    made = [make_dataset(f"L{number:08d}:L{number:08d}").dataset_id for number in range(1000)]
    halves = [two_part.split(":")[0] for two_part in made[::2]] + made[1::2]
    with django_assert_max_num_queries(3):
        found = headers_of(halves)
    assert [len(headers) for headers in found.values()] == [1] * 1000


def test_an_unknown_id_gets_two_parts_if_it_tells_an_instrument() -> None:
    assert two_part_id("j00000010") == "J00000010:J00000010"
    assert two_part_id("j00000010:j00000abq") == "J00000010:J00000ABQ"


@pytest.mark.parametrize("text", ["BAR", "A:B:C", "<script>"])
def test_an_id_without_a_known_instrument_is_the_documented_error(text: str) -> None:
    with pytest.raises(UndeterminedInstrumentError) as caught:
        two_part_id(text)
    assert str(caught.value) == f"Can't determine instrument for dataset {text!r}"


class MemoryArchive:
    """An archive without a table."""

    def ids(self, instrument: str, *, since: datetime | None = None) -> list[str]:
        return [f"A:{instrument.upper()}"]

    def headers(self, wanted: Any, *, since: datetime | None = None) -> dict[DatasetId, dict[str, dict]]:
        return {dataset: {"A:B": {"INSTRUME": "COS"}} for dataset in wanted}


def test_a_setting_names_the_archive(settings: Any) -> None:
    assert isinstance(get_archive(), TableArchive)
    settings.ARCHIVE = f"{__name__}.MemoryArchive"
    assert ids_of_instrument("cos") == ["A:COS"]
    assert headers_of(["A"]) == {"A": {"A:B": {"INSTRUME": "COS"}}}
