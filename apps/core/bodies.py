"""Bodies of requests: bodies of unknown length are read, and bodies in an unknown coding are refused.

Node, Java, ``curl -T -`` and generators of Python's ``requests`` send ``Transfer-Encoding: chunked``. Django
reads as many bytes as ``Content-Length`` says, so it takes such a body for empty. A web server that marks the
end of the body itself sets ``wsgi.input_terminated``.
"""

import codecs
from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

from apps.core.marks import has_mark
from apps.core.refusals import refusal

GetResponse = Callable[[HttpRequest], HttpResponse]

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
        if has_mark(view, "reads_raw_body") or not (
            wrong := wrong_coding(request) or _wrong_charset(request)
        ):
            return None
        return refusal(request, view, title="The request could not be read", text=wrong, status=415)


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

    def read(self, *size: int) -> bytes:
        """Return at most `size` bytes, and none at the end."""
        return self._guard(self._source.read, *size)

    def readline(self, *size: int) -> bytes:
        """Return bytes up to the end of a line."""
        return self._guard(self._source.readline, *size)

    def close(self) -> None:
        """Do nothing: the web server owns the connection."""

    def _guard(self, read: Callable[..., bytes], *size: int) -> bytes:
        try:
            return read(*size)
        except Exception as exc:  # Each web server has errors of its own for this.
            raise BadRequest("The body ended too early, or its chunks are malformed.") from exc
