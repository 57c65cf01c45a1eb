"""The pages of affected products, against a sorted list without repeats."""

import pytest

from apps.reprocessing.affected_products import IDS_IN_PAGE, first_ids, ids_in_blocks, merge
from apps.reprocessing.errors import NotComputedError
from apps.reprocessing.models import Chunk, Transition
from tests.factories.reprocessing import NEW, OLD, affected_ids

pytestmark = pytest.mark.django_db


def make_search(*parts: list[str], new: str = NEW) -> Transition:
    row = Transition.objects.create(old=OLD, new=new)
    for products in parts:
        Chunk.objects.create(
            transition=row, instrument="cos", source=Chunk.Source.MODES, types=[], products=products
        )
    return row


@pytest.mark.parametrize("count", [0, 1, IDS_IN_PAGE, IDS_IN_PAGE + 1])
def test_the_pages_are_one_sorted_list_without_repeats(count: int) -> None:
    names = [f"L{number * 7919 % max(count, 1)}_-.{number % 3}" for number in range(count)]
    row = make_search(names[::-1], names[count // 2 :], [])
    make_search(["OTHER"], new="hst_0003.pmap")
    row.affected_count = merge(row)
    assert affected_ids(row) == sorted({name.lower() for name in names})
    assert row.affected_count == len(set(names))
    assert row.product_pages.count() == -(-len(set(names)) // IDS_IN_PAGE)
    assert merge(row) == row.affected_count


def test_the_first_ids_are_read_without_the_others() -> None:
    row = make_search([f"L{number:06}" for number in range(IDS_IN_PAGE + 5)])
    row.affected_count = merge(row)
    assert len(first_ids(row, 10)) == IDS_IN_PAGE
    assert len(first_ids(row, IDS_IN_PAGE + 1)) == IDS_IN_PAGE + 5


def test_a_list_that_another_search_removed_is_not_short_but_an_error() -> None:
    row = make_search(["L1"])
    row.affected_count = merge(row)
    row.product_pages.all().delete()
    with pytest.raises(NotComputedError, match="started the search again"):
        list(ids_in_blocks(row))
