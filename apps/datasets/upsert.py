"""The fastest way of each database to store many rows.

Django's own ``bulk_create`` takes three times as long on PostgreSQL, and twice on SQLite. A row that is
already there with the same values is not changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db import connection

from apps.datasets.import_rows import ImportRow, ReadDataset
from apps.datasets.models import Dataset
from apps.datasets.modes import Modes

_TABLE = Dataset._meta.db_table
_COLUMNS = (*ImportRow._fields, "mode_id", "imported_at")
_KEY = ("product", "exposure")
_NAMES = ", ".join(_COLUMNS)
_ASSIGNMENTS = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name not in _KEY)
_DIFFERENCES = " OR ".join(
    f"{_TABLE}.{name} IS DISTINCT FROM excluded.{name}" for name in ImportRow._fields if name not in _KEY
)
_ON_CONFLICT = f"ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET {_ASSIGNMENTS} WHERE {_DIFFERENCES}"

# Every name in these statements belongs to the model; values are passed as parameters.
_INSERT = f"INSERT INTO {_TABLE} ({_NAMES}) VALUES ({', '.join(['%s'] * len(_COLUMNS))})"  # noqa: S608
_KNOWN = f"SELECT {', '.join(_KEY)} FROM {_TABLE} WHERE exposure IN "  # noqa: S608
_MAKE_INCOMING = f"CREATE TEMPORARY TABLE incoming ON COMMIT DROP AS SELECT {_NAMES} FROM {_TABLE} LIMIT 0"  # noqa: S608
# All writers lock rows in this order, so none waits for another in a circle. The database sorts for each of
# them, because its order of texts may differ from ours.
_SORTED = f"SELECT {_NAMES} FROM incoming ORDER BY {', '.join(_KEY)}"  # noqa: S608
_MOVE_INCOMING = f"INSERT INTO {_TABLE} ({_NAMES}) {_SORTED} {_ON_CONFLICT}"
# A new row was never locked; one that is corrected has been, by the insert that met it.
_MOVE_AND_COUNT = (
    f"WITH moved AS ({_MOVE_INCOMING} RETURNING xmax = 0 AS is_new) "  # noqa: S608
    "SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM moved"
)

_EXPOSURES_IN_QUERY = 5000

RowWithMode = tuple[ImportRow, int | None]


class StoredRows(NamedTuple):
    """Numbers of rows that are new, that have other values than before, and that had these values already."""

    added: int = 0
    corrected: int = 0
    unchanged: int = 0

    def with_more(self, more: StoredRows) -> StoredRows:
        """Return the numbers of both together."""
        return StoredRows(*map(sum, zip(self, more, strict=True)))


def rows_with_modes(datasets: Iterable[ReadDataset], modes: Modes) -> list[RowWithMode]:
    """Return the row of each dataset with the key of its mode; modes that are new are stored.

    Call it before the transaction that stores the rows. A transaction that stored a new mode and then waits
    for a row would block a sorter that has locked this row and needs the same mode.

    Of two datasets with the same id the later one counts.
    """
    unique = list({(each.row.product, each.row.exposure): each for each in datasets}.values())
    return list(zip((each.row for each in unique), modes.keys(unique), strict=True))


def upsert(rows: Sequence[RowWithMode]) -> StoredRows:
    """Store rows with different ids in the caller's transaction, and return how many of them were new."""
    if not rows:
        return StoredRows()
    store = _copy if connection.vendor == "postgresql" else _insert
    added, corrected = store(rows, datetime.now(UTC))
    return StoredRows(added, corrected, len(rows) - added - corrected)


def _insert(rows: Sequence[RowWithMode], now: datetime) -> tuple[int, int]:
    adapt = connection.ops.adapt_datetimefield_value
    imported_at = adapt(now)
    values: list[tuple[Any, ...]] = [
        (*row[:-1], adapt(row.observed_at), mode, imported_at) for row, mode in rows
    ]
    with connection.cursor() as cursor:
        known = _find_known([row.exposure for row, _mode in rows], cursor)
        # The clause for conflicts doubles the time of a row, so only rows that are there already have it. The
        # transaction has the lock for writing, so no other row comes in between.
        new = [row for row in values if row[:2] not in known]
        cursor.executemany(_INSERT, new)
        if not known:
            return len(new), 0
        conflicting = [row for row in values if row[:2] in known]
        cursor.executemany(f"{_INSERT} {_ON_CONFLICT}", conflicting)
        return len(new), cursor.rowcount


def _find_known(exposures: Sequence[str], cursor: Any) -> set[tuple[str, str]]:
    """Return product and exposure of the rows that are there already, and maybe of a few others."""
    found: set[tuple[str, str]] = set()
    for start in range(0, len(exposures), _EXPOSURES_IN_QUERY):
        some = exposures[start : start + _EXPOSURES_IN_QUERY]
        cursor.execute(f"{_KNOWN} ({', '.join(['%s'] * len(some))})", some)
        found.update(cursor.fetchall())
    return found


def _copy(rows: Sequence[RowWithMode], now: datetime) -> tuple[int, int]:
    """Stream the rows into a table of this transaction, and move them to the real table."""
    with connection.cursor() as cursor:
        cursor.execute(_MAKE_INCOMING)
        with cursor.copy(f"COPY incoming ({_NAMES}) FROM STDIN") as copy:
            for row, mode in rows:
                copy.write_row((*row, mode, now))
        cursor.execute(_MOVE_AND_COUNT)
        added, corrected = cursor.fetchone()
        cursor.execute("DROP TABLE incoming")
    return added, corrected
