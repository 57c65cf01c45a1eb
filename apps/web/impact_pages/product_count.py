"""The number of different products among millions of ids, counted by the database."""

from __future__ import annotations

import json
from collections.abc import Iterable

from django.db import connection

AT_ONCE = 10_000  # products in memory

# The values of a list as rows, and the name of a table that only this connection sees.
_DIALECTS = {
    "postgresql": {
        "table": "pg_temp.affected_product",
        "values": "jsonb_array_elements_text(%s) AS each(value)",
        "collation": '"C"',
    },
    "sqlite": {"table": "temp.affected_product", "values": "json_each(%s) AS each", "collation": "BINARY"},
}
_MAKE = (
    "DROP TABLE IF EXISTS {table}",
    "CREATE TEMPORARY TABLE affected_product (product varchar(128) COLLATE {collation} PRIMARY KEY)",
)
_ADD = "INSERT INTO {table} SELECT each.value FROM {values} WHERE true ON CONFLICT DO NOTHING"
_COUNT, _DROP = "SELECT count(*) FROM {table}", "DROP TABLE {table}"


class ProductCount:
    """Counts different products.

    A few stay in memory, and a page needs no table for them. More than `AT_ONCE` go to a temporary table of
    the connection, so that memory does not grow with the archive.
    """

    def __init__(self) -> None:
        self._waiting: set[str] = set()
        self._has_table = False
        self._words = _DIALECTS[connection.vendor]

    def add(self, products: Iterable[str]) -> None:
        """Add products, of which some may have been added before."""
        self._waiting.update(products)
        if len(self._waiting) >= AT_ONCE:
            self._store()

    def total(self) -> int:
        """Return the number of different products, and remove the table. Call it once, at the end."""
        if not self._has_table:
            return len(self._waiting)
        self._store()
        with connection.cursor() as cursor:
            cursor.execute(_COUNT.format(**self._words))
            (count,) = cursor.fetchone()
            cursor.execute(_DROP.format(**self._words))
        return int(count)

    def _store(self) -> None:
        with connection.cursor() as cursor:
            if not self._has_table:
                # An earlier count of this connection may have failed and left its table.
                for statement in _MAKE:
                    cursor.execute(statement.format(**self._words))
                self._has_table = True
            # Sorted values meet the index in its order.
            cursor.execute(_ADD.format(**self._words), [json.dumps(sorted(self._waiting))])
        self._waiting.clear()
