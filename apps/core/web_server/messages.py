"""Requests and answers on their way between the loop and the threads."""

import io
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Any

Headers = list[tuple[str, str]]
Scope = dict[str, Any]


class RequestHeaders(dict[str, str]):
    """Headers of a request by their names in lower case; repeated ones are joined by a comma."""

    @classmethod
    def of(cls, scope: Scope) -> "RequestHeaders":
        """Return the headers of an ASGI scope."""
        found = cls()
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            known = dict.get(found, name)
            dict.__setitem__(found, name, value if known is None else f"{known},{value}")
        return found

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a header, whatever the case of its name."""
        return super().get(name.lower(), default)


@dataclass(slots=True)
class WebRequest:
    """A request whose head is complete.

    Attributes
    ----------
    path
        The path of the address, decoded from its percent signs.
    body
        The body as a file; it may still be arriving.
    """

    scope: Scope
    path: str
    headers: RequestHeaders
    body: io.BufferedIOBase | io.BytesIO

    @property
    def method(self) -> str:
        return str(self.scope["method"])

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes of the body."""
        return self.body.read(size)


@dataclass(slots=True)
class FileSlice:
    """A part of an open file; whoever gets it must close the descriptor."""

    descriptor: int
    offset: int
    count: int

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self.descriptor)


@dataclass(slots=True)
class WebAnswer:
    """An answer whose content is bytes, a part of a file, or an iterable of bytes.

    Whoever has it sends it or closes it.

    Attributes
    ----------
    is_last
        Whether the connection ends with this answer.
    """

    status: int
    headers: Headers
    content: bytes = b""
    file: FileSlice | None = None
    parts: Iterable[bytes] | None = field(default=None, repr=False)
    is_last: bool = False

    def head(self, *, is_last: bool) -> bytes:
        """Return the head with its empty line, in lower case; `is_last` says that the connection ends."""
        lines = [_STATUS_LINES[self.status], _date(int(time.time()))]
        lines += [f"{name.lower()}: {value}" for name, value in self.headers]
        if is_last:
            lines.append("connection: close")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def close(self) -> None:
        """Close the file and the parts. A second call does nothing."""
        file: FileSlice | None = self.file
        parts: Any = self.parts
        self.file = self.parts = None
        if file is not None:
            file.close()
        if hasattr(parts, "close"):
            parts.close()


_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}" for status in HTTPStatus}


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return f"date: {formatdate(second, usegmt=True)}"


class OverloadError(Exception):
    """There is more work than this server can do; the caller may come back later."""


class BrokenBodyError(ConnectionError):
    """A body ended before its end, or its chunks are malformed."""


class GoneError(ConnectionError):
    """The caller went away, or took too long."""
