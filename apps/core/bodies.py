"""Bodies of requests: those of unknown length are read; those in an unknown coding or too long are refused.

Node, Java, ``curl -T -`` and generators of Python's ``requests`` send ``Transfer-Encoding: chunked``. Django
reads as many bytes as ``Content-Length`` says, so it takes such a body for empty. A web server that marks the
end of the body itself sets ``wsgi.input_terminated``.
"""

import codecs
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest, HttpResponse

from apps.core.marks import has_mark
from apps.core.refusals import refusal

GetResponse = Callable[[HttpRequest], HttpResponse]

BROKEN = "The body ended too early, or its chunks are malformed."

# The length of a body of unknown length. Django's parser of multipart forms reads nothing if the length is 0.
# It uses other lengths only to choose between memory and disk.
_UNKNOWN_LENGTH = str(1 << 62)


class ReadBodies:
    """Middleware that makes bodies of unknown length readable, and refuses codings that no view reads."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if is_chunked(request):
            request._stream = _ChunkedBody(request.META["wsgi.input"])  # type: ignore[assignment]
            if request.content_type == "multipart/form-data":
                request.META["CONTENT_LENGTH"] = _UNKNOWN_LENGTH
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Refuse a body before anything tries to read it."""
        if has_mark(view, "reads_raw_body"):
            return None
        title = "The request could not be read"
        if wrong := wrong_coding(request) or _wrong_charset(request):
            return refusal(request, view, title=title, text=wrong, status=415)
        if not has_mark(view, "takes_files"):
            limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
            if (announced_length(request) or 0) > limit:
                text = f"The form is too large: at most {limit:,} bytes are read."
                return refusal(request, view, title=title, text=text, status=413)
            _take_a_short_form(request, limit)
        return None


def _take_a_short_form(request: HttpRequest, limit: int) -> None:
    """Read at most `limit` bytes of a body of unknown length, and store none of its files."""
    limit_chunked_body(request, limit)
    if request.content_type == "multipart/form-data":
        request.upload_handlers = [_NoFiles(request)]


class _NoFiles(FileUploadHandler):
    """The handler of files for pages that take none: otherwise anybody could fill the temporary folder."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Skip the file."""
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep nothing."""

    def file_complete(self, file_size: int) -> None:
        """Return no file."""


def limit_chunked_body(request: HttpRequest, limit: int) -> None:
    """Raise `RequestDataTooBig` as soon as more than `limit` bytes of a body of unknown length are read.

    A view that takes files calls this before it reads. It compares a known length itself, see
    `announced_length`.
    """
    if isinstance(request._stream, _ChunkedBody):
        request._stream.limit = limit


def is_chunked(request: HttpRequest) -> bool:
    """Return whether the request has a body of unannounced length."""
    is_marked = request.META.get("wsgi.input_terminated", False)
    return bool(is_marked) and "chunked" in request.headers.get("Transfer-Encoding", "").lower()


def announced_length(request: HttpRequest) -> int | None:
    """Return the length of the body in bytes, or None if only its end shows it."""
    return None if is_chunked(request) else int(request.META.get("CONTENT_LENGTH") or 0)


def wrong_coding(request: HttpRequest) -> str:
    """Return the error in the content coding of a body; empty if there is none."""
    coding = request.headers.get("Content-Encoding", "").strip()
    if coding.lower() in ("", "identity"):
        return ""
    return f"The body was sent with Content-Encoding: {coding[:40]}. Send it again without a content coding."


def _wrong_charset(request: HttpRequest) -> str:
    charset = (request.content_params or {}).get("charset", "utf-8")
    try:
        is_utf8 = codecs.lookup(charset).name in ("utf-8", "ascii")
    except LookupError:
        is_utf8 = False
    if is_utf8 or request.content_type not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return ""
    return f"The form was sent in the charset {charset[:40]}. Send it again in UTF-8."


class _ChunkedBody:
    """A body whose end the web server marks.

    Errors are `BadRequest`. Django takes an `OSError` for a caller who went away, and gives no useful answer.
    """

    def __init__(self, source: Any) -> None:
        self._source = source
        self._read = 0
        self.limit: int | None = None  # Bytes of the whole body; None if the view counts them itself.

    def read(self, *size: int) -> bytes:
        """Return at most `size` bytes, and none at the end."""
        return self._guard(self._source.read, *size)

    def readline(self, *size: int) -> bytes:
        """Return bytes up to the end of a line."""
        return self._guard(self._source.readline, *size)

    def close(self) -> None:
        """Do nothing: the web server owns the connection."""

    def _guard(self, read: Callable[..., bytes], *size: int) -> bytes:
        length = size[0] if size and size[0] is not None and size[0] >= 0 else None
        if self.limit is not None:
            length = min(self.limit + 1, self.limit + 1 if length is None else length)
        try:
            found = read() if length is None else read(length)
        except Exception as exc:  # Each web server has errors of its own for this.
            raise BadRequest(BROKEN) from exc
        self._read += len(found)
        if self.limit is not None and self._read > self.limit:
            raise RequestDataTooBig(f"The body is too large: at most {self.limit:,} bytes are read.")
        return found
