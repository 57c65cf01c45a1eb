"""The forms in which a published table and its columns are described."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum


class ValueKind(Enum):
    """The kinds of values. Each has a VOTable type, an array size and an xtype."""

    TEXT = ("text", "char", "*", "")  # ASCII only.
    UNICODE = ("unicode", "unicodeChar", "*", "")
    JSON = ("json", "char", "*", "")  # A JSON object; its keys are sorted when it is shown.
    TIMESTAMP = ("timestamp", "char", "*", "timestamp")
    SHORT = ("short", "short", "", "")
    INT = ("int", "int", "", "")
    LONG = ("long", "long", "", "")
    DOUBLE = ("double", "double", "", "")

    @property
    def datatype(self) -> str:
        """The VOTable type."""
        return self.value[1]

    @property
    def arraysize(self) -> str:
        """The VOTable array size, empty for a single value."""
        return self.value[2]

    @property
    def xtype(self) -> str:
        """The VOTable xtype, empty if there is none."""
        return self.value[3]

    @property
    def is_text(self) -> bool:
        """True if the values are texts."""
        return bool(self.arraysize)


@dataclass(frozen=True)
class Sql:
    """An expression in the words of each database. ``$name`` stands for a fact of the request."""

    sqlite: str
    postgresql: str

    def of(self, vendor: str) -> str:
        """Return the expression for a database."""
        return self.sqlite if vendor == "sqlite" else self.postgresql


def same(text: str) -> Sql:
    """Return an expression that both databases read."""
    return Sql(text, text)


@dataclass(frozen=True)
class FieldFacts:
    """The description of a column that a VOTable FIELD shows."""

    kind: ValueKind
    description: str = ""
    ucd: str = ""
    unit: str = ""
    utype: str = ""


@dataclass(frozen=True)
class PublishedColumn:
    """One column of a published table.

    Attributes
    ----------
    name
        Lower case, as queries write it.
    facts
        Its description in TAP_SCHEMA and in FIELDs.
    sql
        Its value, over the tables of `PublishedTable.source`, each of which has an alias.
    """

    name: str
    facts: FieldFacts
    sql: Sql
    is_principal: bool = True
    is_indexed: bool = False
    is_standard: bool = False


@dataclass(frozen=True)
class ForeignKey:
    """Columns of a table that name a row of another one."""

    target: str
    columns: Mapping[str, str]
    description: str


@dataclass(frozen=True)
class PublishedTable:
    """One published table: its description, and the query that makes it from the tables of our apps.

    Attributes
    ----------
    schema, name
        Lower case, as queries write them.
    shown
        Its whole name in TAP_SCHEMA.
    source
        The FROM clause.
    condition
        The WHERE clause; empty if every row is public.
    """

    schema: str
    name: str
    description: str
    columns: Sequence[PublishedColumn]
    source: Sql
    condition: str = ""
    keys: Sequence[ForeignKey] = ()
    by_name: Mapping[str, PublishedColumn] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {column.name: column for column in self.columns})

    @property
    def shown(self) -> str:
        """The whole name as TAP_SCHEMA lists it."""
        schema = "TAP_SCHEMA" if self.schema == "tap_schema" else self.schema
        return f"{schema}.{self.name}"

    @property
    def is_standard(self) -> bool:
        """True for the tables of TAP_SCHEMA."""
        return self.schema == "tap_schema"

    def select(self, vendor: str) -> str:
        """Return the query that makes its rows, with ``$name`` for each fact of the request."""
        columns = ", ".join(f'{_published(column, vendor)} AS "{column.name}"' for column in self.columns)
        where = f" WHERE {self.condition}" if self.condition else ""
        return f"SELECT {columns} FROM {self.source.of(vendor)}{where}"  # noqa: S608 (our own text)


def _published(column: PublishedColumn, vendor: str) -> str:
    """Return the value of a column; texts are compared byte by byte, as SQLite does."""
    text = column.sql.of(vendor)
    if vendor == "postgresql" and column.facts.kind.is_text:
        return f'({text})::text COLLATE "C"'
    return text
