"""TAP_SCHEMA: the description of all published tables as tables, made from the description itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TypeAlias

from apps.vo.tables.catalogue import OWN_TABLES, SCHEMAS
from apps.vo.tables.columns import FieldFacts, ForeignKey, PublishedColumn, PublishedTable, Sql, ValueKind

Value: TypeAlias = str | int | None
_TEXT, _INT = ValueKind.TEXT, ValueKind.INT
_QUOTED = ("size",)  # Names that are reserved words of ADQL.

# Name, kind and description of each column of each table, as TAP 1.1 fixes them.
_FORMS: dict[str, tuple[str, tuple[tuple[str, ValueKind, str], ...], tuple[ForeignKey, ...]]] = {
    "schemas": (
        "The schemas",
        (
            ("schema_name", _TEXT, "Name of the schema"),
            ("utype", _TEXT, "UTYPE of the schema"),
            ("description", _TEXT, "Description of the schema"),
            ("schema_index", _INT, "Recommended position of the schema"),
        ),
        (),
    ),
    "tables": (
        "The tables",
        (
            ("schema_name", _TEXT, "Schema of the table"),
            ("table_name", _TEXT, "Name of the table as queries write it"),
            ("table_type", _TEXT, "table or view"),
            ("utype", _TEXT, "UTYPE of the table"),
            ("description", _TEXT, "Description of the table"),
            ("table_index", _INT, "Recommended position of the table"),
        ),
        (ForeignKey("TAP_SCHEMA.schemas", {"schema_name": "schema_name"}, "The schema of a table"),),
    ),
    "columns": (
        "The columns",
        (
            ("table_name", _TEXT, "Table of the column"),
            ("column_name", _TEXT, "Name of the column as queries write it"),
            ("datatype", _TEXT, "VOTable type"),
            ("arraysize", _TEXT, "VOTable array size"),
            ("xtype", _TEXT, "VOTable xtype"),
            ("size", _INT, "Length of values of a fixed length (deprecated)"),
            ("description", _TEXT, "Description of the column"),
            ("utype", _TEXT, "UTYPE of the column"),
            ("unit", _TEXT, "Unit of the values"),
            ("ucd", _TEXT, "UCD of the column"),
            ("indexed", _INT, "1 if the column is indexed"),
            ("principal", _INT, "1 if the column belongs to the core of the table"),
            ("std", _INT, "1 if a standard defines the column"),
            ("column_index", _INT, "Recommended position of the column"),
        ),
        (ForeignKey("TAP_SCHEMA.tables", {"table_name": "table_name"}, "The table of a column"),),
    ),
    "keys": (
        "The foreign keys",
        (
            ("key_id", _TEXT, "Identifier of the key"),
            ("from_table", _TEXT, "Table that has the key"),
            ("target_table", _TEXT, "Table that the key names rows of"),
            ("utype", _TEXT, "UTYPE of the key"),
            ("description", _TEXT, "Description of the key"),
        ),
        (
            ForeignKey("TAP_SCHEMA.tables", {"from_table": "table_name"}, "The table that has a key"),
            ForeignKey("TAP_SCHEMA.tables", {"target_table": "table_name"}, "The table that a key names"),
        ),
    ),
    "key_columns": (
        "The columns of the foreign keys",
        (
            ("key_id", _TEXT, "Key of the columns"),
            ("from_column", _TEXT, "Column that has the value"),
            ("target_column", _TEXT, "Column with the same value"),
        ),
        (ForeignKey("TAP_SCHEMA.keys", {"key_id": "key_id"}, "The key of a pair of columns"),),
    ),
}


@cache
def all_tables() -> tuple[PublishedTable, ...]:
    """Return all published tables, our own first."""
    own = {name: _table(name, ()) for name in _FORMS}
    tables = (*OWN_TABLES, *own.values())
    rows = {name: tuple(make(tables)) for name, make in _ROWS.items()}
    return (*OWN_TABLES, *(_table(name, rows[name]) for name in _FORMS))


@cache
def tables_by_name() -> dict[tuple[str, str], PublishedTable]:
    """Return all published tables by schema and name."""
    return {(table.schema, table.name): table for table in all_tables()}


def quoted(name: str) -> str:
    """Return the name of a column as queries must write it."""
    return f'"{name}"' if name in _QUOTED else name


def _table(name: str, rows: Sequence[Sequence[Value]]) -> PublishedTable:
    description, form, keys = _FORMS[name]
    columns = [
        PublishedColumn(column, FieldFacts(kind, text), _cast(f"v.column{place}", kind), is_standard=True)
        for place, (column, kind, text) in enumerate(form, start=1)
    ]
    values = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows) or "(NULL)"
    source = f"(VALUES {values}) AS v"
    return PublishedTable("tap_schema", name, description, columns, Sql(source, source), keys=keys)


def _cast(column: str, kind: ValueKind) -> Sql:
    return Sql(column, f"{column}::int" if kind is _INT else column)


def _literal(value: Value) -> str:
    """Return a value as SQL; the ``$`` of a fact cannot be confused with one of ours."""
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''").replace("$", "$$") + "'"


def _schemas(_tables: Sequence[PublishedTable]) -> Iterator[tuple[Value, ...]]:
    for place, (name, description) in enumerate(SCHEMAS.items()):
        yield (shown_schema(name), None, description, place)


def shown_schema(name: str) -> str:
    """Return the name of a schema as TAP_SCHEMA lists it."""
    return "TAP_SCHEMA" if name == "tap_schema" else name


def _tables_rows(tables: Sequence[PublishedTable]) -> Iterator[tuple[Value, ...]]:
    for place, table in enumerate(tables):
        yield (shown_schema(table.schema), table.shown, "table", None, table.description, place)


def _columns(tables: Sequence[PublishedTable]) -> Iterator[tuple[Value, ...]]:
    for table in tables:
        for place, column in enumerate(table.columns):
            facts = column.facts
            yield (
                table.shown,
                quoted(column.name),
                facts.kind.datatype,
                facts.kind.arraysize or None,
                facts.kind.xtype or None,
                None,
                facts.description,
                facts.utype or None,
                facts.unit or None,
                facts.ucd or None,
                int(column.is_indexed),
                int(column.is_principal),
                int(column.is_standard),
                place,
            )


def keys_of(tables: Sequence[PublishedTable]) -> Iterator[tuple[str, PublishedTable, ForeignKey]]:
    """Yield the identifier of each foreign key, its table and the key."""
    for table in tables:
        for number, key in enumerate(table.keys, start=1):
            yield f"{table.shown}-{number}", table, key


def _keys(tables: Sequence[PublishedTable]) -> Iterator[tuple[Value, ...]]:
    for name, table, key in keys_of(tables):
        yield (name, table.shown, key.target, None, key.description)


def _key_columns(tables: Sequence[PublishedTable]) -> Iterator[tuple[Value, ...]]:
    for name, _owner, key in keys_of(tables):
        for source, target in key.columns.items():
            yield (name, source, target)


_ROWS = {
    "schemas": _schemas,
    "tables": _tables_rows,
    "columns": _columns,
    "keys": _keys,
    "key_columns": _key_columns,
}
