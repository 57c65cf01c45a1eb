"""Queries on SQLite: opened to read only, with an authorizer, and a handler that is clock and switch."""

from __future__ import annotations

import logging
import re
import sqlite3
from collections.abc import Callable, Iterator
from urllib.parse import quote

from django.db import connection

from apps.vo.database.rights import readable
from apps.vo.database.running_query import BATCH, Clock, Row
from apps.vo.database.sqlite_functions import NAMES, register
from apps.vo.errors import OurFaultError, UsageError, VoError

logger = logging.getLogger(__name__)

STEPS = 20_000  # instructions of the database between two looks at the clock; about a millisecond
# What published tables and queries need besides the registered functions.
_BUILT_IN = frozenset(
    [
        "count",
        "sum",
        "avg",
        "min",
        "max",
        "abs",
        "lower",
        "upper",
        "coalesce",
        "nullif",
        "substr",
        "replace",
        "length",
        "like",
        "json_extract",
        "lead",
        "row_number",
        "ifnull",
    ]
)


def open_query(sql: str, clock: Clock) -> SqliteCursor:
    """Start a query; errors as `reading.open_query`."""
    return SqliteCursor(sql, clock, connect())


def database_path() -> str:
    """Return the file of the database."""
    return str(connection.settings_dict["NAME"])


def connect() -> sqlite3.Connection:
    """Return a connection that can read the published tables and nothing else."""
    uri = f"file:{quote(database_path())}?mode=ro"
    opened = sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None, timeout=5)
    register(opened)
    opened.execute("PRAGMA query_only=ON")
    opened.execute("PRAGMA case_sensitive_like=ON")
    opened.execute("PRAGMA trusted_schema=OFF")
    opened.execute("PRAGMA cache_size=-16000")
    opened.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    opened.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 50_000_000)
    opened.set_authorizer(authorizer())
    return opened


def authorizer() -> Callable[..., int]:
    """Return the function that SQLite asks for each action of a statement."""
    columns = readable()

    def authorise(
        action: int, first: str | None, second: str | None, _base: str | None, _by: str | None
    ) -> int:
        if action == sqlite3.SQLITE_SELECT:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION:
            name = (second or "").lower()
            return sqlite3.SQLITE_OK if name in NAMES or name in _BUILT_IN else sqlite3.SQLITE_DENY
        if action == sqlite3.SQLITE_READ:
            # An empty name of a column stands for the table as a whole, as in COUNT(*). A table of this
            # statement, such as a WITH, has no columns of its own that need a right.
            known = columns.get(first or "")
            if known is not None:
                return sqlite3.SQLITE_OK if not second or second in known else sqlite3.SQLITE_DENY
            return sqlite3.SQLITE_OK if not second and not _is_real(first) else sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_DENY

    return authorise


def _is_real(name: str | None) -> bool:
    """Return whether a table of the database, ours or SQLite's own, has a name."""
    return name in connection.introspection.table_names() or (name or "").startswith(("sqlite_", "pragma_"))


class SqliteCursor:
    """A running query on a connection of its own."""

    def __init__(self, sql: str, clock: Clock, opened: sqlite3.Connection) -> None:
        self._clock, self._connection = clock, opened
        self._problem: VoError | None = None
        opened.set_progress_handler(self._look, STEPS)
        try:
            self._cursor = opened.execute(sql)
            self._first = self._fetch()
        except BaseException as exc:
            self.close()
            if isinstance(exc, sqlite3.Error):
                raise self._translated(exc) from exc
            raise

    def batches(self) -> Iterator[list[Row]]:
        """Yield the rows."""
        batch = self._first
        while batch:
            yield batch
            try:
                batch = self._fetch()
            except sqlite3.Error as exc:
                raise self._translated(exc) from exc

    def close(self) -> None:
        """End the query."""
        self._connection.set_progress_handler(None, 0)
        self._connection.close()

    def _fetch(self) -> list[Row]:
        if (problem := self._clock.problem()) is not None:
            raise problem
        return self._cursor.fetchmany(BATCH)

    def _look(self) -> int:
        self._problem = self._problem or self._clock.problem()
        return 1 if self._problem else 0

    def _translated(self, error: sqlite3.Error) -> VoError:
        if self._problem is not None:
            return self._problem
        return translated(error)


_SAFE = re.compile(
    "misuse of aggregate|aggregate functions|integer overflow|too many terms|ambiguous|ORDER BY|"
    "same number of result columns|sub-select returns|row value misused|too complex|string or blob|"
    "parser stack overflow|Expression tree is too large"
)


def translated(error: sqlite3.Error) -> VoError:
    """Return our error for one of SQLite; the text of SQLite is shown only where it names nothing of ours."""
    text = str(error)
    logger.info("SQLite refused a query: %s", text)
    if _SAFE.search(text):
        return UsageError(f"The query cannot be run: {re.sub(r':.*', '', text)}.")
    if (isinstance(error, sqlite3.DatabaseError) and "prohibited" in text) or "not authorized" in text:
        return UsageError("The query reads what is not published.")
    logger.error("a query failed: %s", text)
    return OurFaultError("The query could not be run.")
