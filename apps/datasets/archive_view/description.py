"""The table or view of an archive, as the settings describe it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.conf import settings

from apps.rules.observatories import get_observatory


@dataclass(frozen=True, slots=True)
class ArchiveView:
    """A table or view with one row for each exposure.

    Attributes
    ----------
    address
        URL of its database.
    name
        Name of the table or view, with its schema and a dot before it if it is not in the usual one.
    ids
        The columns of product and exposure; one column if both halves of an id are alike.
    columns
        Column to the parkey whose value it holds, upper case.
    instrument
        The column that names the instrument.
    dates
        The columns that hold the start of an exposure, in the order of its parkeys.
    seconds
        Time that one question may take.
    most_rows
        Number of rows that one question may read.
    """

    address: str = field(repr=False)
    name: str
    ids: tuple[str, ...]
    columns: Mapping[str, str]
    instrument: str
    dates: tuple[str, ...]
    seconds: int
    most_rows: int

    @property
    def is_sqlite(self) -> bool:
        """Return whether the database is a file of SQLite."""
        return self.address.startswith("sqlite:///")

    def select(self, columns: Sequence[str]) -> str:
        """Return the beginning of a question for some columns.

        The settings refuse names that are more than letters, digits and underscores.
        """
        return f"SELECT {', '.join(map(column, columns))} FROM {_quoted(self.name)} v WHERE "  # noqa: S608


def column(name: str) -> str:
    """Return a column as it stands in SQL.

    SQLite takes a quoted name of an unknown column for a text, unless the name of the table is before it.

    Examples
    --------
    >>> column("detector")
    'v."detector"'
    """
    return f"v.{_quoted(name)}"


def _quoted(name: str) -> str:
    return ".".join(f'"{part}"' for part in name.split("."))


def describe() -> ArchiveView:
    """Return the view of the settings.

    Raises
    ------
    ValueError
        Raised if no column holds the instrument.
    """
    observatory = get_observatory(settings.OBSERVATORY)
    columns = dict(settings.ARCHIVE_VIEW_COLUMNS)
    by_parkey = {parkey: column for column, parkey in columns.items()}
    if observatory.instrument_key not in by_parkey:
        raise ValueError(
            f"ARCHIVE_VIEW_COLUMNS names no column for {observatory.instrument_key}, so no dataset could be "
            f"found by its instrument. Add one, such as instrument={observatory.instrument_key}."
        )
    return ArchiveView(
        settings.ARCHIVE_DATABASE_URL,
        settings.ARCHIVE_VIEW,
        tuple(settings.ARCHIVE_VIEW_IDS),
        columns,
        by_parkey[observatory.instrument_key],
        tuple(by_parkey[key] for key in observatory.useafter_keys if key in by_parkey),
        settings.ARCHIVE_VIEW_SECONDS,
        settings.ARCHIVE_VIEW_ROWS,
    )
