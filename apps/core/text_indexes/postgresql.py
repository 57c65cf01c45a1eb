"""The index on PostgreSQL: trigrams of the text of a row, by the extension pg_trgm, and statistics.

The statistics tell the planner how frequent a word is in each column. Without them it takes every word for a
rare one, and reads and sorts the whole table to find the newest rows with a word that most rows have.
"""

from collections.abc import Sequence

from django.db import connection

from apps.core.text_indexes.sql import IndexedColumns


def find(index: IndexedColumns, words: Sequence[str], most: int) -> list[int]:
    """Return the keys of at most `most` rows whose text contains all words."""
    text = f"UPPER({index.text(index.table)})"
    wanted = " AND ".join([f"{text} LIKE UPPER(%s)"] * len(words))
    patterns = [f"%{connection.ops.prep_for_like_query(word)}%" for word in words]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM {index.table} WHERE {wanted} LIMIT %s", [*patterns, most])  # noqa: S608
        return [key for (key,) in cursor.fetchall()]


def is_current(index: IndexedColumns) -> bool:
    """Return whether the index is there, as this version makes it; its comment says how it was made."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT obj_description(to_regclass(%s), 'pg_class')", [index.name])
        return bool(cursor.fetchone() == (_made_as(index),))


def make(index: IndexedColumns) -> None:
    """Make the index, and the extension if the database lacks it."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        cursor.execute(f"DROP INDEX IF EXISTS {index.name}")
        text = index.text(index.table)
        cursor.execute(f"CREATE INDEX {index.name} ON {index.table} USING gin (UPPER({text}) gin_trgm_ops)")
        cursor.execute(f"COMMENT ON INDEX {index.name} IS %s", [_made_as(index)])
        for column in index.columns:
            # The expression is that of Django's lookup `icontains`.
            upper = f"UPPER({connection.ops.quote_name(column)}::text)"
            cursor.execute(f"DROP STATISTICS IF EXISTS {index.name}_{column}")
            cursor.execute(f"CREATE STATISTICS {index.name}_{column} ON ({upper}) FROM {index.table}")
        # Without statistics the planner takes the index for useless.
        cursor.execute(f"ANALYZE {index.table}")


def _made_as(index: IndexedColumns) -> str:
    return f"Trigrams of {', '.join(index.columns)}, with statistics of each."
