"""Calls of a WSGI application, which is Django, in a thread."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from apps.core.web_server import budgets
from apps.core.web_server.messages import FileSlice, Headers, WebAnswer, WebRequest

Environ = dict[str, Any]
WsgiApplication = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

_WITHOUT_PREFIX = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


class FileWrapper:
    """A file that the application wants to be sent (PEP 3333); iterating it reads it in blocks."""

    def __init__(self, file: Any, block_size: int = 1 << 16) -> None:
        self.file, self.block_size = file, block_size

    def __iter__(self) -> "FileWrapper":
        return self

    def __next__(self) -> bytes:
        if data := self.file.read(self.block_size):
            return bytes(data)
        raise StopIteration

    def close(self) -> None:
        """Close the file, and with it the answer that it belongs to."""
        self.file.close()


def call(application: WsgiApplication, request: WebRequest, *, is_complete: bool, length: int) -> WebAnswer:
    """Return the answer of an application. The answer to HEAD has no body, whatever the application returns.

    Parameters
    ----------
    is_complete
        Whether the whole body has arrived.
    length
        The length of what has arrived, in bytes.
    """
    began: list[Any] = []

    def start_response(status: str, headers: Headers, _exc_info: Any = None) -> None:
        began[:] = [int(status.split(" ", 1)[0]), headers]

    result: Any = application(_environ(request, is_complete=is_complete, length=length), start_response)
    try:
        answer = WebAnswer(*began)
        if request.method == "HEAD":
            return answer
        is_file = isinstance(result, FileWrapper)
        if is_file and (part := _part_of_file(result.file, answer.headers)):
            answer.file = part
            _shorten(answer)
        elif is_file or getattr(result, "streaming", False):
            answer.parts, result = result, None  # It stays open.
        else:
            answer.content = b"".join(result)
        return answer
    finally:
        if hasattr(result, "close"):
            result.close()


def send_parts(answer: WebAnswer, start: Any, send: Callable[[Any], None]) -> None:
    """Send the head and the parts of an answer, and close it, even if the caller goes away."""
    try:
        send(start)
        for part in answer.parts or ():
            if part:
                send({"type": "http.response.body", "body": part, "more_body": True})
    finally:
        answer.close()


def _environ(request: WebRequest, *, is_complete: bool, length: int) -> Environ:
    scope = request.scope
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": scope["server"][0] if scope["server"] else "localhost",
        "SERVER_PORT": str(scope["server"][1]) if scope["server"] else "80",
        "REMOTE_ADDR": scope["client"][0] if scope["client"] else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": request.body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "wsgi.file_wrapper": FileWrapper,
    }
    for name, value in request.headers.items():
        # A name with an underscore could pass for another header, such as one that only a proxy may set.
        if "_" not in name:
            environ[_WITHOUT_PREFIX.get(name) or f"HTTP_{name.upper().replace('-', '_')}"] = value
    if is_complete and environ.pop("HTTP_TRANSFER_ENCODING", None):
        environ["CONTENT_LENGTH"] = str(length)
    return environ


def _part_of_file(file: Any, headers: Headers) -> FileSlice | None:
    """Return the part of an open file that Content-Length announces; None for other objects."""
    length = next((value for name, value in headers if name.lower() == "content-length"), None)
    try:
        descriptor, offset = file.fileno(), file.tell()
    except (AttributeError, OSError):
        return None
    return None if length is None else FileSlice(os.dup(descriptor), offset, int(length))


def _shorten(answer: WebAnswer) -> None:
    """Read a short file now; then the connection can go on to the next request."""
    part = answer.file
    if part is None or part.count > budgets.KEPT_BYTES:
        return
    with contextlib.closing(os.fdopen(part.descriptor, "rb", buffering=0)) as file:
        file.seek(part.offset)
        answer.content, answer.file = file.read(part.count), None
