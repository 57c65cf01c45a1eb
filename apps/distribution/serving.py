"""Answers with the bytes of one file: conditions, one range, no copies in our memory.

Our web server sends a large `FileResponse` with the kernel's sendfile, from the position of its descriptor
and for the length in Content-Length, so a gigabyte costs neither memory nor our time. Behind nginx, nginx
sends the file: ``X_ACCEL_PREFIX`` names an internal location whose alias is the store. nginx then answers
ranges itself; ``etag off; add_header ETag $upstream_http_etag;`` keeps our ETag there.

If the store is in a bucket, the client is redirected to it, or the bytes are brought to this machine first.
"""

import os
from dataclasses import dataclass
from datetime import datetime
from io import FileIO
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import http_date

from apps.catalog import checksums, storage
from apps.catalog.errors import DamagedFileError
from apps.distribution.ranges import ByteRange, UnsatisfiableError, find_part

# A file name always means the same bytes.
IMMUTABLE = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Held:
    """A file whose bytes we hold: its record in the catalog, and the path of the bytes.

    Attributes
    ----------
    is_stored
        It is a file of the store, which may be in a bucket.
    """

    name: str
    path: Path
    size: int
    sha1sum: str
    held_at: datetime
    is_stored: bool = False


class _Stream(FileIO):
    """An open file limited to one part; servers that copy by reading also stop at its end."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")
        self._left = 0

    def limit_to(self, part: ByteRange) -> None:
        """Begin at the first byte of `part` and stop after its last."""
        os.lseek(self.fileno(), part.first, os.SEEK_SET)
        self._left = len(part)

    def read(self, size: int | None = -1, /) -> bytes:
        """Return up to `size` bytes, empty at the end of the part."""
        wanted = self._left if size is None or size < 0 else min(size, self._left)
        data = super().read(wanted) if wanted else b""
        self._left -= len(data)
        return data


class _Response(FileResponse):
    block_size = 1 << 16  # This size matters only for servers without sendfile.

    def set_headers(self, filelike: object) -> None:
        """Set no headers, because Django would measure the whole file instead of the part."""


def serve(request: HttpRequest, file: Held) -> HttpResponseBase:
    """Return the answer to a GET or HEAD of the bytes of a catalogued file.

    HEAD, and a condition that needs no bytes, read no bytes of the file: requests for the headers of all
    files must not read terabytes.

    Raises
    ------
    DamagedFileError
        Raised if bytes must be sent and they do not match the sha1sum in the catalog.
    """
    headers = _headers(file)
    whole = HttpResponse(headers={**headers, "Content-Length": str(file.size)})
    answer = get_conditional_response(request, headers["ETag"], int(file.held_at.timestamp()), whole)
    if answer is not None and (answer is not whole or request.method == "HEAD"):
        return answer
    try:
        part = _wanted_part(request, headers, file.size)
    except UnsatisfiableError:
        refusal = {"Content-Range": f"bytes */{file.size}", "Accept-Ranges": "bytes"}
        text = f"{file.name} has {file.size} bytes; none of them lies in that range.\n"
        return HttpResponse(text, status=416, headers=refusal, content_type="text/plain; charset=utf-8")
    if file.is_stored and (address := storage.link_to(file.name)):
        # A browser or cache may keep the bytes, but never an address that ends to work.
        return HttpResponse(status=302, headers={"Location": address, "Cache-Control": "no-store"})
    return _send(file, headers, part)


def _headers(file: Held) -> dict[str, str]:
    """Return the headers of every answer about a file, whichever part is sent."""
    return {
        "Content-Type": "application/octet-stream",
        "ETag": f'"{file.sha1sum}"',
        "Last-Modified": http_date(file.held_at.timestamp()),
        "Accept-Ranges": "bytes",
        "Cache-Control": IMMUTABLE,
    }


def _wanted_part(request: HttpRequest, headers: dict[str, str], size: int) -> ByteRange | None:
    """Return the part to send, or None for the whole file; also None if ``If-Range`` names other bytes."""
    condition = request.headers.get("If-Range")
    if condition is not None and condition.strip() not in (headers["ETag"], headers["Last-Modified"]):
        return None
    return find_part(request.headers.get("Range", ""), size)


def _send(file: Held, headers: dict[str, str], part: ByteRange | None) -> HttpResponseBase:
    """Compare the bytes with the catalog, then send them from the same descriptor."""
    if file.is_stored:
        storage.bring(file.name, expected_sha1sum=file.sha1sum)
    stream = _Stream(file.path)
    try:
        _require_agreement(stream, file)
    except BaseException:
        stream.close()
        raise
    if settings.X_ACCEL_PREFIX:
        stream.close()
        inside = quote(str(file.path.relative_to(settings.STORE_ROOT)))
        return HttpResponse(headers={**headers, "X-Accel-Redirect": f"{settings.X_ACCEL_PREFIX}/{inside}"})
    sent = part or ByteRange(0, file.size)
    stream.limit_to(sent)
    response = _Response(stream, headers={**headers, "Content-Length": str(len(sent))})
    if part is not None:
        response.status_code = 206
        response["Content-Range"] = part.content_range(file.size)
    return response


def _require_agreement(stream: _Stream, file: Held) -> None:
    found = checksums.sha1sum(stream)
    if found != file.sha1sum:
        raise DamagedFileError(
            f"{file.name} has sha1sum {found} in the store; {file.sha1sum} was expected. It is not sent."
        )
