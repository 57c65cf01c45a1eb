from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.datasets.models import Dataset
from apps.datasets.operations import cover_parkeys
from apps.datasets.pipeline import sort_into_modes
from tests.factories.datasets import make_dataset, make_header

pytestmark = pytest.mark.django_db


def test_a_header_that_changes_while_exposures_are_sorted_gets_its_own_mode(settings: Any) -> None:
    settings.OBSERVATORY = "hst"
    make_dataset("LB4Q02010:LB4Q02ABQ", header=make_header(DETECTOR="FUV"))
    cover_parkeys("cos", ["DETECTOR"])
    is_changed = False

    def change_after_first_look(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        """Change the header after the first look at the exposures, as an import in another process does."""
        nonlocal is_changed
        found = execute(sql, *arguments)
        if not is_changed and Dataset._meta.db_table in sql:
            is_changed = True
            Dataset.objects.update(header=make_header(DETECTOR="NUV"))
        return found

    with connection.execute_wrapper(change_after_first_look):
        list(sort_into_modes("cos"))
    mode = Dataset.objects.get().mode
    assert is_changed
    assert mode is not None
    assert mode.header["DETECTOR"] == "NUV"


@pytest.mark.needs("postgresql")
def test_exposures_are_locked_in_the_order_in_which_imports_lock_them(settings: Any) -> None:
    settings.OBSERVATORY = "hst"
    make_dataset("LB4Q02010:LB4Q02ABQ")
    make_dataset("LB4Q01010:LB4Q01ABQ")
    cover_parkeys("cos", ["DETECTOR"])
    with CaptureQueriesContext(connection) as queries:
        assert max(sort_into_modes("cos")) == 2
    locks = [query["sql"] for query in queries if " FOR " in query["sql"]]
    assert locks
    for sql in locks:
        assert sql.endswith('"product" ASC, "datasets_dataset"."exposure" ASC FOR NO KEY UPDATE')


def test_batches_of_the_sorter_follow_each_other_by_key(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OBSERVATORY = "hst"
    monkeypatch.setattr("apps.datasets.pipeline.AT_ONCE", 2)
    for number in (5, 4, 3, 2, 1):  # Later keys have earlier ids.
        make_dataset(f"LB4Q0{number}010:LB4Q0{number}ABQ")
    cover_parkeys("cos", ["DETECTOR"])
    assert list(sort_into_modes("cos")) == [2, 4, 5]
