"""Answers: VOTables, documents and lines of text, compressed if the client reads that."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from apps.vo.errors import VoError
from apps.vo.writers import votable

PLAIN = "text/plain; charset=utf-8"
XML = "text/xml; charset=utf-8"
_LEVEL = 1  # A table of 180 MB becomes 8 MB in under a second; a higher level takes longer than the network.
_SMALL = 500  # bytes that are not worth compressing


def text(body: str, *, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    """Return a line of text."""
    return HttpResponse(body, PLAIN, status, headers={"Cache-Control": "no-store", **(headers or {})})


def xml(body: str, *, content_type: str = XML) -> HttpResponse:
    """Return an XML document."""
    return HttpResponse(body, content_type, headers={"Cache-Control": "no-store"})


def see_other(address: str) -> HttpResponse:
    """Return a redirect after a POST; the address is absolute."""
    answer = HttpResponse(b"", PLAIN, 303, headers={"Cache-Control": "no-store"})
    answer["Location"] = address
    return answer


def error_as_votable(error: VoError) -> HttpResponse:
    """Return an error as the VOTable that clients show to their users."""
    body = votable.error_document(error)
    headers = {"Cache-Control": "no-store", **error.headers}
    return HttpResponse(body, votable.MEDIA_TYPE, error.status, headers=headers)


def error_as_text(error: VoError) -> HttpResponse:
    """Return an error as a line of text, the only form that clients of jobs quote."""
    return text(f"{error}\n", status=error.status, headers=error.headers)


# The errors of OAuth 2 for the statuses of ours.
_OAUTH = {401: "invalid_grant", 429: "slow_down", 500: "server_error", 503: "temporarily_unavailable"}


def error_as_json(error: VoError, code: str = "") -> HttpResponse:
    """Return an error as clients of the token endpoint read it; `code` is a word of OAuth 2."""
    body = {"error": code or _OAUTH.get(error.status, "invalid_request"), "error_description": str(error)}
    headers = {"Cache-Control": "no-store", **error.headers}
    return JsonResponse(body, status=error.status, headers=headers)


def stream(chunks: Iterator[str], *, content_type: str, close: Callable[[], None]) -> StreamingHttpResponse:
    """Return an answer that is written while it is made.

    Parameters
    ----------
    close
        Called when the answer ends, also if the client hangs up.
    """
    return StreamingHttpResponse(
        _Closing(chunks, close), content_type=content_type, headers={"Cache-Control": "no-store"}
    )


class _Closing:
    """Encoded chunks, and the function that is called once they are no longer needed."""

    def __init__(self, chunks: Iterator[str], close: Callable[[], None]) -> None:
        self._chunks, self._close = chunks, close

    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self._chunks:
                yield chunk.encode("utf-8", "replace")
        finally:
            self.close()

    def close(self) -> None:
        self._close()


def compressed(request: HttpRequest, answer: HttpResponseBase) -> HttpResponseBase:
    """Return an answer compressed if the request accepts it."""
    if answer.has_header("Content-Encoding") or answer.has_header("Content-Range"):
        return answer
    patch_vary_headers(answer, ["Accept-Encoding", "Authorization"])
    if "gzip" not in str(request.headers.get("Accept-Encoding", "")).lower() or request.method == "HEAD":
        return answer
    if isinstance(answer, StreamingHttpResponse):
        if getattr(answer, "file_to_stream", None) is None:
            answer.streaming_content = _Compressed(answer.streaming_content)  # type: ignore[arg-type]
            answer["Content-Encoding"] = "gzip"
            del answer["Content-Length"]
    elif isinstance(answer, HttpResponse) and len(answer.content) > _SMALL and not answer.has_header("ETag"):
        answer.content = b"".join(_Compressed([answer.content]))
        answer["Content-Encoding"] = "gzip"
    return answer


class _Compressed:
    """Chunks in gzip. The first chunk is flushed, so that the client sees the beginning at once."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
        is_first = True
        for chunk in self._chunks:
            packed = packer.compress(chunk)
            if is_first:
                packed, is_first = packed + packer.flush(zlib.Z_SYNC_FLUSH), False
            if packed:
                yield packed
        yield packer.flush()

    def close(self) -> None:
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()
