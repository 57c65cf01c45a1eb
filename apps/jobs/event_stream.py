"""Messages of a channel as server-sent events.

Each stream holds a thread of the web server. So it ends after a minute, the browser comes back with the
number of the last message it got, and there are never more than some at once: the rest is told to poll.
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
PAUSE = 1.0  # seconds between two looks at the channel
RETRY = 1000  # milliseconds after which the browser comes back
AT_ONCE = 6  # streams of one process, of its 16 threads

_places = threading.BoundedSemaphore(AT_ONCE)


class Stream:
    """An iterable of events, whose `close` gives its place back; the web server calls it in any case."""

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
    """Return the events after a message, or None if there are too many streams already."""
    return Stream(key, since_id) if _places.acquire(blocking=False) else None


def _events(key: str, since_id: int) -> Generator[bytes, None, None]:
    yield b"retry: %d\n\n" % RETRY
    until = time.monotonic() + LASTS
    while time.monotonic() < until:
        found = queries.messages(key, since_id)
        _let_others_connect()
        for message in found:
            since_id = message.number
            yield _event(message)
            if message.type == MessageType.DONE:
                return
        if not found:
            # A comment, by which we learn that nobody listens any more.
            yield b":\n\n"
            time.sleep(PAUSE)


def _event(message: Message) -> bytes:
    # JSON has no line break in it, so one data line is the whole message.
    return b"id: %d\ndata: %b\n\n" % (message.number, json.dumps(message_format.plain(message)).encode())


def _let_others_connect() -> None:
    """Return the connection between two looks; a test that wraps everything in a transaction keeps it."""
    if not connection.in_atomic_block:
        connection.close()
