"""The ids of affected products of a search: merged by the database, and kept in pages.

A search of ten million exposures may affect millions of products. No process holds them all.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from apps.reprocessing.errors import NotComputedError
from apps.reprocessing.models import Chunk, ProductPage, Transition

IDS_IN_PAGE = 10_000

_PAGES, _CHUNKS = ProductPage._meta.db_table, Chunk._meta.db_table
# The values of a JSON list as rows, a list of rows, and the order in which Python sorts texts.
_DIALECTS = {
    "postgresql": {
        "values": "jsonb_array_elements_text(c.products) AS each(value)",
        "list": "jsonb_agg(product ORDER BY place)",
        "length": "jsonb_array_length(ids)",
        "collation": '"C"',
    },
    "sqlite": {
        "values": "json_each(c.products) AS each",
        "list": "json_group_array(product)",
        "length": "json_array_length(ids)",
        "collation": "BINARY",
    },
}
# Names belong to the models; values are passed as parameters.
_MERGE = f"""
INSERT INTO {_PAGES} (transition_id, number, ids)
SELECT %s, (place - 1) / {IDS_IN_PAGE}, {{list}}
FROM (
    SELECT product, row_number() OVER (ORDER BY product COLLATE {{collation}}) AS place
    FROM (
        SELECT DISTINCT lower(each.value) AS product
        FROM {_CHUNKS} c, {{values}}
        WHERE c.transition_id = %s
    ) found
    ORDER BY place
) placed
GROUP BY (place - 1) / {IDS_IN_PAGE}
"""  # noqa: S608
_COUNT = f"SELECT coalesce(sum({{length}}), 0) FROM {_PAGES} WHERE transition_id = %s"  # noqa: S608


def merge(row: Transition) -> int:
    """Make the pages of a search from the products of its parts, and return the number of products.

    The caller's transaction may do it before it requires the claim of its job: the work is that of one
    statement, and the heartbeat of the job goes on meanwhile.
    """
    row.product_pages.all().delete()
    words = _DIALECTS[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(_MERGE.format(**words), [row.pk, row.pk])
        cursor.execute(_COUNT.format(**words), [row.pk])
        (count,) = cursor.fetchone()
    return int(count)


def ids_in_blocks(row: Transition) -> Iterator[list[str]]:
    """Yield the ids of affected products in blocks, lower case, sorted.

    Raises
    ------
    NotComputedError
        Raised at the end if ids are missing, because somebody started the search again.
    """
    last, left = -1, row.affected_count
    while page := row.product_pages.filter(number__gt=last).order_by("number").first():
        last, left = page.number, left - len(page.ids)
        yield sorted(page.ids)  # SQLite does not promise an order within a list.
    if left:
        raise NotComputedError(row.old, row.new, "pending, somebody started the search again.")


def first_ids(row: Transition, count: int) -> list[str]:
    """Return the first ids of affected products, about `count` of them and all if there are fewer."""
    found: list[str] = []
    for block in ids_in_blocks(row):
        found += block
        if len(found) >= count:
            break
    return found
