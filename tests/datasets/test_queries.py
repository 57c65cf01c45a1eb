import pytest

from apps.datasets.queries import find_example, knows_none, similar_ids
from tests.factories.datasets import make_dataset

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def hubble(settings) -> None:
    settings.OBSERVATORY = "hst"


def test_the_example_is_a_dataset_that_there_is() -> None:
    assert (find_example(), knows_none()) == (None, True)
    make_dataset("LB4Q04010:LB4Q04ABQ")
    assert (find_example(), knows_none()) == ("LB4Q04010:LB4Q04ABQ", False)


def test_another_archive_is_never_called_empty(settings) -> None:
    settings.ARCHIVE = "tests.datasets.test_queries.Elsewhere"
    assert not knows_none()


class Elsewhere:
    """An archive that belongs to somebody else."""


def test_similar_ids_begin_alike_and_the_nearest_come_first() -> None:
    for product in ("LB4Q03010", "LB4Q04010", "LB4Q04020", "LB9Z00010", "I9ZF01010"):
        make_dataset(f"{product}:{product}")
    found = [name.split(":")[0] for name in similar_ids("lb4q04030")]
    assert set(found[:2]) == {"LB4Q04010", "LB4Q04020"}
    assert found[2:] == ["LB4Q03010"]
    assert len(similar_ids("lb4q04030", limit=1)) == 1


@pytest.mark.parametrize("text", ["", "a:b:c", "<script>", "ZZZZ00010", "\0"])
def test_nothing_is_similar_to_a_text_that_is_not_an_id(text: str) -> None:
    make_dataset("LB4Q04010:LB4Q04ABQ")
    assert similar_ids(text) == []
