"""The few expressions in which the two databases differ."""

from __future__ import annotations

from collections.abc import Mapping

from apps.datasets.exposure_types import exposure_type_keys
from apps.vo.tables.columns import Sql, same

MEDIA_TYPES: Mapping[str, str] = {
    "fits": "application/fits",
    "asdf": "application/octet-stream",
    "json": "application/json",
    "pmap": "text/plain",
    "imap": "text/plain",
    "rmap": "text/plain",
    "yaml": "text/plain",
    "txt": "text/plain",
}
OTHER_MEDIA_TYPE = "application/octet-stream"


def moment(column: str) -> Sql:
    """Return a moment as text, UTC: ``2026-01-31T12:30:00``."""
    return Sql(
        f"substr({column}, 1, 10) || 'T' || substr({column}, 12, 8)",
        f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS')",
    )


def flag(column: str) -> Sql:
    """Return a boolean as 0 or 1."""
    return Sql(column, f"({column})::int::smallint")


def text(column: str) -> Sql:
    """Return a text, NULL if it is empty."""
    return same(f"nullif({column}, '')")


def json_text(column: str) -> Sql:
    """Return a JSON value as text."""
    return Sql(column, f"{column}::text")


def exposure_type(column: str) -> Sql:
    """Return the kind of an exposure from its header."""
    # The databases want at least two values.
    lite = ", ".join([*(f"json_extract({column}, '$$.\"{key}\"')" for key in exposure_type_keys()), "NULL"])
    big = ", ".join([*(f"{column} ->> '{key}'" for key in exposure_type_keys()), "NULL"])
    return Sql(f"upper(coalesce({lite}))", f"upper(coalesce({big}))")


def media_type(column: str) -> Sql:
    """Return the media type of a file from its extension."""
    cases = " ".join(
        f"WHEN {column} LIKE '%.{extension}' THEN '{kind}'" for extension, kind in MEDIA_TYPES.items()
    )
    return same(f"CASE {cases} ELSE '{OTHER_MEDIA_TYPE}' END")


def kbytes(size: str) -> Sql:
    """Return a number of bytes as kilobytes, rounded up."""
    return same(f"({size} + 1023) / 1024")
