"""The catalog and the context history as a small database that clients download.

It is built from the ledger, is never a copy of the live database, and holds only these two tables. A file
below the data root keeps the packed pieces of the last one. After a change they are unpacked, the rows that
changed since are written, and the pieces that differ are packed again.
Source: wire protocol, section 7.
"""

import base64
import json
import sqlite3
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from apps.catalog.models import File
from apps.catalog.states import FileState
from apps.contexts import queries as contexts
from apps.distribution import derived_data, zlib_pieces
from apps.distribution.checked_files import keep_checked, load_checked
from apps.distribution.ledger_marks import LONGEST_TRANSACTION, Mark, is_here, newest_mark
from apps.distribution.wire_format import timestamp

BATCH = 2000  # rows read and written at once
MOST_GROWTH = 1.5  # Bytes per file, compared with a full build, that changes may lead to: they leave gaps.
_FORMAT = 1  # Increase this number when a column or the form of the file below the data root changes.

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
_TABLES: dict[str, tuple[str, ...]] = {"catalog": tuple(CATALOG), "context_history": HISTORY}
INTEGERS = frozenset({"blacklisted", "rejected", "size"})

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The SQLite file in pieces.

    Attributes
    ----------
    as_of
        The time before the rows were read.
    mark
        The newest audit record then.
    bytes_per_file
        Size of the SQLite file for each row of the catalog when it was last built in full.
    """

    as_of: datetime
    mark: Mark
    bytes_per_file: float
    pieces: tuple[zlib_pieces.Piece, ...]


def sqlite_snapshot() -> bytes:
    """Return the snapshot as a JSON text: base64 of zlib of the bytes of a SQLite file."""
    return derived_data.current("sqlite_snapshot", _make)


def _make() -> bytes:
    with tempfile.TemporaryDirectory(prefix="snapshot-", dir=settings.DATA_ROOT) as folder:
        path = Path(folder) / "crds_db.sqlite3"
        snapshot = _renewed(_load(), path) or _built(path)
    _keep(snapshot)
    return b'"%b"' % base64.b64encode(zlib_pieces.stream(snapshot.pieces))


def _built(path: Path) -> Snapshot:
    """Return a snapshot of all rows, made in the file `path`."""
    as_of, mark = datetime.now(UTC), newest_mark()
    path.unlink(missing_ok=True)
    build(path)
    per_file = path.stat().st_size / max(1, _official().count())
    return Snapshot(as_of, mark, per_file, tuple(zlib_pieces.pack(path)))


def _renewed(known: Snapshot | None, path: Path) -> Snapshot | None:
    """Return the snapshot with what changed since, or None if it must be built in full."""
    if known is None or not is_here(known.mark):
        return None
    as_of, mark = datetime.now(UTC), newest_mark()
    try:
        zlib_pieces.unpack(known.pieces, path)
        count = _renew(path, known.as_of - LONGEST_TRANSACTION)
    except (zlib.error, sqlite3.Error):
        return None
    has_gaps = path.stat().st_size > MOST_GROWTH * known.bytes_per_file * max(1, count)
    if has_gaps or count != _official().count():
        return None
    return Snapshot(as_of, mark, known.bytes_per_file, tuple(zlib_pieces.pack(path, known.pieces)))


def build(path: Path) -> None:
    """Write the two tables to a new SQLite file.

    The client cannot list the columns of an empty table. Without files, or without a history, the table
    therefore has one row that names nothing, with the key 0.
    """
    with closing(_open(path)) as database, database:
        for table, columns in _TABLES.items():
            declared = ", ".join(f'"{column}" {_type_of(column)}' for column in columns)
            database.execute(f"CREATE TABLE {_name(table)} ({declared})")
        _write(database, "catalog", _catalog_rows(_official()))
        _write(database, "context_history", _history_rows())


def _renew(path: Path, since: datetime) -> int:
    """Write the rows that changed since a moment, and return how many files there are."""
    changed = File.objects.filter(changed_at__gte=since)
    gone = changed.filter(state=FileState.UPLOADED).values_list("pk")
    with closing(_open(path)) as database, database:
        database.executemany(f"DELETE FROM {_name('catalog')} WHERE id = ?", gone)  # noqa: S608
        count = _write(database, "catalog", _catalog_rows(changed.exclude(state=FileState.UPLOADED)))
        history = list(_history_rows())
        database.execute(f"DELETE FROM {_name('context_history')} WHERE id > ?", [len(history)])  # noqa: S608
        _write(database, "context_history", history)
    return count


def _open(path: Path) -> sqlite3.Connection:
    """Open a file that nobody else sees and that is thrown away after an error."""
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = OFF")
    database.execute("PRAGMA synchronous = OFF")
    return database


def _write(database: sqlite3.Connection, table: str, rows: Iterable[Row]) -> int:
    """Insert or change rows, see to the row that names nothing, and return the number of the others.

    A row that is equal already is not written, so that its page stays as it was.
    """
    columns, name = _TABLES[table], _name(table)
    old, new = (", ".join(f'{of}."{column}"' for column in columns) for of in (name, "excluded"))
    listed, marks = ", ".join(f'"{column}"' for column in columns), ", ".join("?" * len(columns))
    # The names are our constants, and the observatory is a checked word.
    database.executemany(
        f"INSERT INTO {name} VALUES ({marks}) ON CONFLICT (id) DO UPDATE "  # noqa: S608
        f"SET ({listed}) = ({new}) WHERE ({old}) IS NOT ({new})",
        rows,
    )
    (count,) = database.execute(f"SELECT count(*) FROM {name} WHERE id > 0").fetchone()  # noqa: S608
    database.execute(f"DELETE FROM {name} WHERE id = 0")  # noqa: S608
    if not count:
        nameless = (0, *(None if column in INTEGERS else "" for column in columns[1:]))
        database.execute(f"INSERT INTO {name} VALUES ({marks})", nameless)  # noqa: S608
    return int(count)


def _name(table: str) -> str:
    return f'"crds_{settings.OBSERVATORY}_{table}"'


def _type_of(column: str) -> str:
    if column == "id":
        return "INTEGER PRIMARY KEY"
    return "INTEGER" if column in INTEGERS else "TEXT"


def _official() -> QuerySet[File]:
    return File.objects.exclude(state=FileState.UPLOADED)


def _catalog_rows(files: QuerySet[File]) -> Iterator[Row]:
    fields = list(dict.fromkeys(field for field in CATALOG.values() if field))
    # Each column takes its value at this place of a row, or the empty text that follows the row.
    places = [fields.index(field) if field else len(fields) for field in CATALOG.values()]
    for values in files.order_by("pk").values_list(*fields).iterator(chunk_size=BATCH):
        known = [*map(_plain, values), ""]
        yield tuple(known[place] for place in places)


def _history_rows() -> Iterator[Row]:
    for number, era in enumerate(contexts.history().reverse(), start=1):
        yield (number, "", _plain(era.started_at), era.context, era.pointer, era.reason)


def _plain(value: Any) -> Any:
    """Return a value in SQLite's form: a truth value is 0 or 1, a moment is UTC text without an offset."""
    return timestamp(value).removesuffix("+00:00") if isinstance(value, datetime) else value


def _path() -> Path:
    root: Path = settings.DATA_ROOT
    return root / "published" / "snapshot.pieces"


def _keep(snapshot: Snapshot) -> None:
    """Write a line that describes the pieces, and then the pieces."""
    pieces = snapshot.pieces
    index = [[piece.digest, piece.adler, piece.length, len(piece.packed)] for piece in pieces]
    as_of = snapshot.as_of.isoformat()
    about = [_FORMAT, settings.OBSERVATORY, as_of, snapshot.mark, snapshot.bytes_per_file, index]
    lines = chain([json.dumps(about).encode(), b"\n"], (piece.packed for piece in pieces))
    keep_checked(_path(), b"".join(lines))


def _load() -> Snapshot | None:
    """Return the snapshot that was kept, or None if there is none, or it is damaged or of another form."""
    content = load_checked(_path())
    if content is None:
        return None
    line, _, packed = content.partition(b"\n")
    version, observatory, *facts = json.loads(line)
    if (version, observatory) != (_FORMAT, settings.OBSERVATORY):
        return None
    as_of, mark, bytes_per_file, index = facts
    pieces, start = [], 0
    for digest, adler, length, size in index:
        pieces.append(zlib_pieces.Piece(digest, adler, length, packed[start : start + size]))
        start += size
    return Snapshot(datetime.fromisoformat(as_of), mark, bytes_per_file, tuple(pieces))
