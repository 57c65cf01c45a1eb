"""Many at once: actions in threads that start together, on rows that each of them sees."""

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from django.db import connection, connections

from tests.patience import HANG

IS_SQLITE = connection.vendor == "sqlite"

Run = Callable[[Callable[[], Any]], Any]


def at_once(actions: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run the actions in threads that start together; return their results, or what they raised."""
    start = threading.Barrier(len(actions))
    results: list[Any] = [None] * len(actions)

    def run(number: int) -> None:
        try:
            start.wait(HANG)
            results[number] = actions[number]()
        except Exception as exc:
            results[number] = exc
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HANG)
        assert not thread.is_alive()
    return results


@contextlib.contextmanager
def database_for_threads(path: Path) -> Iterator[Run]:
    """Yield what runs a scenario where the rows of one thread are seen by the others.

    They must be committed. The test database of SQLite is in memory besides: threads would share its only
    connection, and race for nothing. There the scenario gets a copy in a file, and a thread of its own,
    because connections belong to threads.
    """
    if not IS_SQLITE:
        yield lambda scenario: scenario()
        return
    _copy_tables(path)
    described = connections.settings["default"]
    kept = described["NAME"]
    described["NAME"] = str(path)
    try:
        yield _in_a_thread
    finally:
        described["NAME"] = kept


def _copy_tables(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as copy:
        connection.ensure_connection()
        connection.connection.backup(copy)


def _in_a_thread(scenario: Callable[[], Any]) -> Any:
    (result,) = at_once([scenario])
    if isinstance(result, Exception):
        raise result
    return result
