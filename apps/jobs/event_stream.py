"""Messages of a channel as server-sent events.

Each stream occupies a thread of the web server. Therefore a stream ends after a minute, and the browser asks
again with the number of the last message that it got. The number of streams is limited; other browsers poll.
"""

import json
import threading
import time
from collections.abc import Generator, Iterator

from django.db import connection

from apps.jobs import message_format, queries
from apps.jobs.models import Message
from apps.jobs.states import MessageType

LASTS = 60.0  # seconds
PAUSE = 1.0  # seconds between two reads of the channel
RETRY = 1000  # milliseconds after which the browser asks again
AT_ONCE = 6  # streams of one process, of its 16 threads

_places = threading.BoundedSemaphore(AT_ONCE)


class Stream:
    """An iterable of events. The web server always calls `close`, which frees the place of the stream."""

    def __init__(self, key: str, since_id: int) -> None:
        self._events = _events(key, since_id)
        self._is_open = True

    def __iter__(self) -> Iterator[bytes]:
        return self._events

    def close(self) -> None:
        """End the stream; a second call does nothing."""
        if self._is_open:
            self._is_open = False
            self._events.close()
            _places.release()


def open_stream(key: str, since_id: int) -> Stream | None:
    """Return the events after a message, or None if `AT_ONCE` streams are open already."""
    return Stream(key, since_id) if _places.acquire(blocking=False) else None


def _events(key: str, since_id: int) -> Generator[bytes, None, None]:
    yield b"retry: %d\n\n" % RETRY
    until = time.monotonic() + LASTS
    while time.monotonic() < until:
        found = queries.messages(key, since_id)
        _close_connection()
        for message in found:
            since_id = message.number
            yield _event(message)
            if message.type == MessageType.DONE:
                return
        if not found:
            # Sending this comment fails if the browser has gone.
            yield b":\n\n"
            time.sleep(PAUSE)


def _event(message: Message) -> bytes:
    # JSON contains no line break, so one data line holds the whole message.
    return b"id: %d\ndata: %b\n\n" % (message.number, json.dumps(message_format.plain(message)).encode())


def _close_connection() -> None:
    """Close the database connection between two reads. Tests that run in a transaction keep it."""
    if not connection.in_atomic_block:
        connection.close()
