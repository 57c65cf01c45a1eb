"""The catalog and the context history as a small database that clients download.

It is built from the ledger, is never a copy of the live database, and holds only these two tables.
Source: wire protocol, section 7.
"""

import base64
import sqlite3
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from django.conf import settings

from apps.catalog.models import File
from apps.catalog.states import FileState
from apps.contexts import queries as contexts
from apps.distribution import derived_data
from apps.distribution.wire_format import timestamp

BATCH = 2000  # rows read and written at once

# Column of the snapshot to field of the ledger, in the documented order; None where we have no value.
# Addresses of people stay here: the snapshot is public.
CATALOG: dict[str, str | None] = {
    "id": "pk",
    "name": "name",
    "blob": "name",
    "state": "state",
    "blacklisted": "blacklisted",
    "rejected": "rejected",
    "observatory": "observatory",
    "instrument": "instrument",
    "filekind": "filekind",
    "type": "kind",
    "derived_from": "derived_from",
    "sha1sum": "sha1sum",
    "delivery_date": "delivered_at",
    "activation_date": "activated_at",
    "useafter_date": "useafter_at",
    "change_level": "change_level",
    "pedigree": "pedigree",
    "reference_file_type": "reference_file_type",
    "size": "size",
    "uploaded_as": "uploaded_as",
    "creator_name": "creator",
    "deliverer_user": "deliverer",
    "deliverer_email": None,
    "description": "description",
    "catalog_link": "catalog_link",
    "replaced_by_filename": "replaced_by",
    "comment": "comment",
    "aperture": "aperture",
    "history": "history",
}
HISTORY = ("id", "name", "start_date", "context", "state", "description")
INTEGERS = frozenset({"blacklisted", "rejected", "size"})

Row = tuple[Any, ...]


def sqlite_snapshot() -> bytes:
    """Return the snapshot as a JSON text: base64 of zlib of the bytes of a SQLite file."""
    return derived_data.current("sqlite_snapshot", _make)


def _make() -> bytes:
    with tempfile.TemporaryDirectory(prefix="snapshot-", dir=settings.DATA_ROOT) as folder:
        path = Path(folder) / "crds_db.sqlite3"
        build(path)
        packed = zlib.compress(path.read_bytes(), 6)
    return b'"%b"' % base64.b64encode(packed)


def build(path: Path) -> None:
    """Write the two tables to a new SQLite file.

    The client cannot list the columns of an empty table. Without files, or without a history, the table
    therefore has one row that names nothing.
    """
    with closing(sqlite3.connect(path)) as database, database:
        _fill(database, "catalog", tuple(CATALOG), _catalog_rows())
        _fill(database, "context_history", HISTORY, _history_rows())


def _fill(database: sqlite3.Connection, table: str, columns: tuple[str, ...], rows: Iterator[Row]) -> None:
    name = f'"crds_{settings.OBSERVATORY}_{table}"'
    declared = ", ".join(f'"{column}" {_type_of(column)}' for column in columns)
    database.execute(f"CREATE TABLE {name} ({declared})")
    marks = ", ".join("?" * len(columns))
    nameless = (0, *(None if column in INTEGERS else "" for column in columns[1:]))
    first = next(rows, nameless)
    # The names are our constants, and the observatory is a checked word.
    database.executemany(f"INSERT INTO {name} VALUES ({marks})", chain([first], rows))  # noqa: S608


def _type_of(column: str) -> str:
    if column == "id":
        return "INTEGER PRIMARY KEY"
    return "INTEGER" if column in INTEGERS else "TEXT"


def _catalog_rows() -> Iterator[Row]:
    fields = [field for field in CATALOG.values() if field]
    files = File.objects.exclude(state=FileState.UPLOADED).order_by("pk").values_list(*dict.fromkeys(fields))
    for values in files.iterator(chunk_size=BATCH):
        known = dict(zip(dict.fromkeys(fields), values, strict=True))
        yield tuple(_plain(known[field]) if field else "" for field in CATALOG.values())


def _history_rows() -> Iterator[Row]:
    for number, era in enumerate(contexts.history().reverse(), start=1):
        yield (number, "", _plain(era.started_at), era.context, era.pointer, era.reason)


def _plain(value: Any) -> Any:
    """Return a value in SQLite's form: a truth value is 0 or 1, a moment is UTC text without an offset."""
    return timestamp(value).removesuffix("+00:00") if isinstance(value, datetime) else value
