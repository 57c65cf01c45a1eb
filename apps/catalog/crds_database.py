"""A reader of the database that a CRDS cache may have: the facts of each file on the server it came from.

Clients fetch it with ``crds sync --fetch-sqlite-db``. It is opened read-only, only plain tables are read, and
time, lengths and rows are bounded. So a hostile file can spoil no more than its own facts.
Source: wire protocol, section 7.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from apps.catalog.crds_cache import read_moment
from apps.catalog.models import File
from apps.catalog.states import ChangeLevel
from apps.core.free_text import storable
from apps.rules.naming.file_names import is_file_name, is_mapping

NAME = "crds_db.sqlite3"
MOST_BYTES = 4 << 30  # of the file; the largest known one has about 100 MB
MOST_ROWS = 2_000_000
LONGEST_CELL = 1 << 20  # bytes
MOST_SECONDS = 120.0
_STEPS = 100_000  # instructions of SQLite between two looks at the clock

# Column of the database to column of the catalogue.
_TEXTS = {
    "creator_name": "creator",
    "deliverer_user": "deliverer",
    "description": "description",
    "pedigree": "pedigree",
    "reference_file_type": "reference_file_type",
    "aperture": "aperture",
    "comment": "comment",
    "history": "history",
    "catalog_link": "catalog_link",
    "replaced_by_filename": "replaced_by",
}
_MOMENTS = {
    "delivery_date": "delivered_at",
    "activation_date": "activated_at",
    "useafter_date": "useafter_at",
}
_OTHERS = ("name", "sha1sum", "change_level")
FILLED = (*_TEXTS.values(), *_MOMENTS.values(), "change_level")
_LONGEST = {field.name: field.max_length for field in File._meta.concrete_fields}
_NOTHING = frozenset({"", "none", "null", "n/a", "unknown"})


@dataclass
class KnownBefore:
    """The facts that the database has about files.

    Attributes
    ----------
    files
        Name to sha1sum and the columns that the database fills.
    problem
        The reason why it was not read, or not to its end; empty if it was.
    """

    files: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    problem: str = ""

    def columns(self, name: str, sha1sum: str) -> dict[str, Any]:
        """Return the columns of a file; none if the database describes other bytes of this name."""
        recorded_sum, columns = self.files.get(name, ("", {}))
        return {} if recorded_sum and sha1sum and recorded_sum != sha1sum else columns


def read_database(root: Path, *, observatory: str) -> KnownBefore:
    """Return the facts in the database of the cache at `root`; none if it has no database."""
    path = root / "config" / observatory / NAME
    known = KnownBefore()
    try:
        if not path.is_file():
            return known
        if (size := path.stat().st_size) > MOST_BYTES:
            known.problem = f"has {size} bytes; at most {MOST_BYTES} are read."
            return known
        for row in _rows(path, f"crds_{observatory}_catalog"):
            _take(row, known)
    except (OSError, sqlite3.Error, ValueError, OverflowError, MemoryError) as exc:
        known.problem = f"cannot be read to its end: {str(exc)[:200]}. {len(known.files)} files were read."
    return known


def _rows(path: Path, table: str) -> Iterator[dict[str, Any]]:
    address = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
    with closing(sqlite3.connect(address, uri=True)) as database:
        _restrain(database)
        kind = database.execute("SELECT type FROM sqlite_master WHERE name = ?", [table]).fetchone()
        if kind != ("table",):
            raise ValueError(f"it has no table {table}")
        present = [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')]
        columns = [name for name in (*_OTHERS, *_TEXTS, *_MOMENTS) if name in present]
        if "name" not in columns:
            raise ValueError(f"table {table} has no column name")
        listed = ", ".join(f'"{name}"' for name in columns)
        # The names are our constants, and the observatory is a checked word.
        for row in database.execute(f'SELECT {listed} FROM "{table}" LIMIT {MOST_ROWS}'):  # noqa: S608
            yield dict(zip(columns, row, strict=True))


def _restrain(database: sqlite3.Connection) -> None:
    """Limit what the file can make SQLite run, the memory it needs, and the time it takes."""
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_CELL)
    database.text_factory = lambda content: content.decode("utf-8", "replace")
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA query_only = ON")
    database.execute("PRAGMA cell_size_check = ON")
    ends_at = time.monotonic() + MOST_SECONDS
    database.set_progress_handler(lambda: int(time.monotonic() > ends_at), _STEPS)


def _take(row: dict[str, Any], known: KnownBefore) -> None:
    name = row["name"]
    if not isinstance(name, str) or not is_file_name(name):
        return
    columns: dict[str, Any] = {}
    for source, column in _TEXTS.items():
        if text := _text(row.get(source), _LONGEST[column]):
            columns[column] = text
    for source, column in _MOMENTS.items():
        # The useafter date of a mapping has no meaning.
        if not (column == "useafter_at" and is_mapping(name)) and (moment := read_moment(row.get(source))):
            columns[column] = moment
    level = str(row.get("change_level")).lower()
    if level in ChangeLevel.values:
        columns["change_level"] = level
    known.files[name] = (_text(row.get("sha1sum"), 40).lower(), columns)


def _text(value: object, longest: int | None) -> str:
    """Return a text that the catalogue can keep; empty for words such as ``none``."""
    if not isinstance(value, str):
        return ""
    text = storable(value).strip()
    return "" if text.lower() in _NOTHING else text[:longest]
