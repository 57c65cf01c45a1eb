"""The module that Django loads for ``ENGINE = "apps.core.postgresql"``."""

from collections.abc import Callable
from typing import Any

from django.db import InterfaceError, OperationalError
from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base
from django.db.backends.utils import CursorWrapper

from apps.core.postgresql.pool import DrainingPool


class ReadsAgain(CursorWrapper):
    """A cursor that repeats a read once if its connection was lost."""

    def _execute(self, sql: Any, params: Any, *ignored: Any) -> Any:
        may_repeat = self._may_repeat(sql)
        try:
            return super()._execute(sql, params, *ignored)  # type: ignore[misc]
        except (OperationalError, InterfaceError):
            if not may_repeat or not self.db.is_lost():
                raise
        self.db.close()
        self.db.ensure_connection()
        self.cursor = self.db.create_cursor()
        return super()._execute(sql, params, *ignored)  # type: ignore[misc]

    def _may_repeat(self, sql: Any) -> bool:
        # What a transaction did before is lost with the connection, so nothing in it may be repeated alone.
        return isinstance(sql, str) and sql.startswith("SELECT") and self.db.get_autocommit()


class DatabaseWrapper(base.DatabaseWrapper):
    """Connections of a `DrainingPool`, whose reads survive a restart of the database."""

    # Django's, which its stubs leave out.
    _connection_pools: dict[str, DrainingPool]
    _configure_connection: Callable[[Any], bool]

    @property
    def pool(self) -> DrainingPool | None:
        """The pool of this process; None for connections that are made for one purpose."""
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias == NO_DB_ALIAS or not options:
            return None
        if self.alias not in self._connection_pools:
            pool = DrainingPool(
                is_checked=self.settings_dict["CONN_HEALTH_CHECKS"],
                # Django sets the mode of transactions later on.
                kwargs=self.get_connection_params() | {"autocommit": True},
                open=False,
                configure=self._configure_connection,
                **options,
            )
            self._connection_pools.setdefault(self.alias, pool)
        return self._connection_pools[self.alias]

    def is_lost(self) -> bool:
        """Return whether the connection was there and has ended."""
        return self.connection is not None and self.connection.closed

    def make_cursor(self, cursor: Any) -> CursorWrapper:
        """Return Django's wrapper of a cursor, except for those that read in pieces."""
        is_plain = getattr(cursor, "name", None) is None
        return ReadsAgain(cursor, self) if is_plain else super().make_cursor(cursor)
