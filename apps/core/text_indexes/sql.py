"""The text of a row, as an expression of SQL."""

from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True, slots=True)
class IndexedColumns:
    """The names of an index, its table and its columns; all are our own, so they may stand in statements."""

    name: str
    table: str
    columns: tuple[str, ...]

    def text(self, row: str) -> str:
        """Return the expression for the texts of all columns, with blanks between them."""
        quote = connection.ops.quote_name
        return " || ' ' || ".join(f"{row}.{quote(column)}" for column in self.columns)
