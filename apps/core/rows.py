"""Fast reading of rows by their columns, for the queries of every request.

Django builds the SQL of a query each time. For one row this takes several times as long as the answer of the
database, and an upload in a thousand pieces does it a thousand times (docs/adr/0006). This module builds it
once.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Field, Model

Row = TypeVar("Row", bound=Model)


def find_row(model: type[Row], **equal: Any) -> Row | None:
    """Return a row whose columns have these values, or None. If there are several, return any of them."""
    return next(iter(rows_of(model, **equal)), None)


def rows_of(model: type[Row], **equal: Any) -> list[Row]:
    """Return the rows whose columns have these values, unordered.

    Parameters
    ----------
    equal
        Values by the name of a field or of its column (``owner_id``). As in SQL, None matches no row.
    """
    sql, fields = _select(model, tuple(equal))
    values = [
        field.get_db_prep_value(value, connection)
        for field, value in zip(fields, equal.values(), strict=True)
    ]
    return list(model._default_manager.raw(sql, values))


def distinct(model: type[Model], name: str) -> list[str]:
    """Return the different values of a text column, sorted by code points.

    The column needs an index. Each value is found from the one before it, so that a few values in half a
    million rows are a few steps; DISTINCT would read all rows on PostgreSQL.
    """
    quote = connection.ops.quote_name
    column, table = quote(str(_field(model, name).column)), quote(model._meta.db_table)
    # The names are those of our own fields.
    sql = f"""
        WITH RECURSIVE step(value) AS (
            SELECT min({column}) FROM {table}
            UNION ALL
            SELECT (SELECT min({column}) FROM {table} WHERE {column} > value) FROM step
            WHERE value IS NOT NULL
        )
        SELECT value FROM step WHERE value IS NOT NULL
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return sorted(value for (value,) in cursor.fetchall())


@cache
def _select(model: type[Model], names: tuple[str, ...]) -> tuple[str, tuple[Field[Any, Any], ...]]:
    quote = connection.ops.quote_name
    fields = tuple(_field(model, name) for name in names)
    where = " AND ".join(f"{quote(str(field.column))} = %s" for field in fields)
    # The names are those of our own fields; values are never part of the text.
    return f"SELECT * FROM {quote(model._meta.db_table)} WHERE {where}", fields  # noqa: S608


def _field(model: type[Model], name: str) -> Field[Any, Any]:
    field = model._meta.get_field(name)
    if not isinstance(field, Field):
        raise TypeError(f"{name} is not a column of {model.__name__}.")
    return field
