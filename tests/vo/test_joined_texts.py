"""Queries whose joined texts would fill the memory are refused before they run."""

import pytest

from apps.vo.adql.joined_texts import MAX_TEXTS
from apps.vo.adql.translate import translate
from apps.vo.errors import UsageError
from tests.factories.vo import FACTS


def sql_of(query: str) -> str:
    return translate(query, vendor="sqlite", facts=FACTS, limit=10).sql


def joined(column: str, times: int) -> str:
    return "||".join([column] * times)


@pytest.mark.parametrize(
    "query",
    [
        f"SELECT {joined('x', 101)} AS y FROM (SELECT {joined('name', 10)} AS x FROM crds.files) AS t",
        f"WITH t AS (SELECT {joined('name', 10)} AS x FROM crds.files) SELECT {joined('x', 101)} FROM t",
        f"SELECT name FROM crds.files UNION SELECT {joined('x', 101)} FROM "
        f"(SELECT {joined('name', 10)} AS x FROM crds.files) AS t",
        f"SELECT UPPER({joined('t.x', 101)}) FROM (SELECT name AS n, {joined('name', 10)} AS x FROM crds.files) AS t",
        f"SELECT name FROM crds.files WHERE EXISTS (SELECT {joined('x', 101)} FROM "
        f"(SELECT {joined('name', 10)} AS x FROM crds.files) AS t)",
        f"SELECT {joined('(SELECT x FROM (SELECT ' + joined('name', 50) + ' AS x FROM crds.files) AS t)', 21)} "
        "FROM crds.contexts",
        f"SELECT {', '.join(joined('name', 200) for _ in range(6))} FROM crds.files",
        f"SELECT {joined('x', 20)} FROM (SELECT '{'a' * 6_000}' AS x FROM crds.files) AS t",
    ],
)  # fmt: skip
def test_a_row_of_many_texts_is_refused(query: str) -> None:
    with pytest.raises(UsageError, match=rf"could hold \d+ texts; at most {MAX_TEXTS} are sent"):
        sql_of(query)


@pytest.mark.parametrize("times", [99, 100])
def test_a_row_of_few_texts_is_not(times: int) -> None:
    assert sql_of(
        f"SELECT {joined('x', times)} AS y FROM (SELECT {joined('name', 10)} AS x FROM crds.files) AS t"
    )
    assert sql_of("SELECT * FROM crds.files AS a JOIN crds.files AS b ON a.name = b.name")
