"""The body of a request, read from the web server's connection without the copies in between.

On its way through ``wsgi.input`` gunicorn copies a byte five times, which takes longer than the disk
does (docs/adr/0006). What it holds already is taken over, and its count of what is to come is kept, so that
it finds the next request of the connection where it expects it.
"""

from collections.abc import Callable
from typing import Any

from django.http import UnreadablePostError
from gunicorn.http.body import Body, LengthReader
from gunicorn.http.unreader import SocketUnreader

BLOCK = 1 << 18  # bytes; more would leave the processor's cache before they are written


def body_reader(source: Any, environment: dict[str, Any]) -> Callable[[int], bytes]:
    """Return a function that reads about so many bytes of a body, and none at its end.

    Parameters
    ----------
    source
        Read as it is, if the web server is not known to allow more.
    environment
        That of the request, of which nothing was read yet.
    """
    body: Any = environment.get("wsgi.input")
    is_known = type(body) is Body and type(body.reader) is LengthReader and not body.buf.tell()
    if is_known and type(body.reader.unreader) is SocketUnreader:
        return _DirectBody(body).read
    read: Callable[[int], bytes] = source.read
    return read


class _DirectBody:
    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, size: int) -> bytes:
        """Return some bytes, as soon as there are any."""
        left: int = self._body.reader.length
        if not left:
            return b""
        block = self._held(left) or self._receive(min(size, BLOCK, left))
        self._body.reader.length -= len(block)
        return block

    def _held(self, left: int) -> bytes:
        """Return what came with the head of the request; what is behind the body belongs to the next one."""
        held: bytes = self._body.reader.unreader.take_buffered()
        if len(held) > left:
            self._body.reader.unreader.unread(held[left:])
        return held[:left]

    def _receive(self, size: int) -> bytes:
        try:
            block: bytes = self._body.reader.unreader.sock.recv(size)
        except OSError as exc:
            self._body.failed = True
            raise UnreadablePostError(*exc.args) from exc
        return block
