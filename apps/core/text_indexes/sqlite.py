"""The index on SQLite: a table of FTS5 that knows only trigrams and keys, and triggers that keep it.

When a migration makes a table again, its triggers are lost. Then the index is no longer current, and the end
of ``migrate`` makes it again.
"""

from collections.abc import Sequence

from django.db import connection

from apps.core.text_indexes.sql import IndexedColumns


def find(index: IndexedColumns, words: Sequence[str], most: int) -> list[int]:
    """Return the keys of at most `most` rows that have all trigrams of all words."""
    parts = {word[at : at + 3] for word in words for at in range(len(word) - 2)}
    wanted = " AND ".join('"' + part.replace('"', '""') + '"' for part in sorted(parts))
    sql = f"SELECT rowid FROM {index.name} WHERE {index.name} MATCH %s LIMIT %s"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [wanted, most])
        return [key for (key,) in cursor.fetchall()]


def is_current(index: IndexedColumns) -> bool:
    """Return whether the table and its triggers are there, as this version makes them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE name LIKE %s", [f"{index.name}%"])
        there = dict(cursor.fetchall())
    return all(there.get(name) == sql for name, sql in _parts(index).items())


def make(index: IndexedColumns) -> None:
    """Make the table and its triggers, and fill it from all rows."""
    name, table = index.name, index.table
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {name}")
        for trigger in ("insert", "update", "delete"):
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}_{trigger}")
        for statement in _parts(index).values():
            cursor.execute(statement)
        cursor.execute(
            f"INSERT INTO {name}(rowid, text) SELECT id, {index.text(table)} FROM {table}"  # noqa: S608
        )


def _parts(index: IndexedColumns) -> dict[str, str]:
    """Return the statements that make the table and its triggers, by their names."""
    name, table = index.name, index.table
    columns = ", ".join(connection.ops.quote_name(column) for column in index.columns)
    add = f"INSERT INTO {name}(rowid, text) VALUES (new.id, {index.text('new')})"  # noqa: S608
    remove = f"INSERT INTO {name}({name}, rowid, text) VALUES ('delete', old.id, {index.text('old')})"  # noqa: S608
    options = "text, content='', columnsize=0, detail=none, tokenize='trigram'"
    return {
        name: f"CREATE VIRTUAL TABLE {name} USING fts5({options})",
        f"{name}_insert": f"CREATE TRIGGER {name}_insert AFTER INSERT ON {table} BEGIN {add}; END",
        f"{name}_delete": f"CREATE TRIGGER {name}_delete AFTER DELETE ON {table} BEGIN {remove}; END",
        f"{name}_update": f"CREATE TRIGGER {name}_update AFTER UPDATE OF {columns} ON {table} "
        f"BEGIN {remove}; {add}; END",
    }
