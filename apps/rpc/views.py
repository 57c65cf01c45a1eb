"""The one address of JSON-RPC."""

from typing import Any, Protocol, cast

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from apps.core.bodies import wrong_coding
from apps.core.marks import changes_nothing, reads_raw_body, runs_by_itself
from apps.rpc import dispatcher
from apps.rpc.errors import InvalidRequestError, RpcError

CONTENT_TYPE = "application/json-rpc"
BLOCK = 1 << 20  # bytes


class Body(Protocol):
    """The part of a request that a call needs; Django's requests have it, and those of the direct way."""

    @property
    def headers(self) -> Any: ...
    def read(self, size: int, /) -> bytes: ...


@reads_raw_body
@runs_by_itself
@changes_nothing
@csrf_exempt
def json_rpc(request: HttpRequest) -> HttpResponseBase:
    """Answer a POST; ignore its content type and the rest of its path.

    An error is also HTTP 200: the client discards the body of every other status and repeats the call.
    """
    if request.method != "POST":
        return _not_a_post(request)
    written = answer_body(cast(Body, request))
    if isinstance(written, bytes):
        return HttpResponse(written, content_type=CONTENT_TYPE)
    return FileResponse(written, content_type=CONTENT_TYPE)


def answer_body(request: Body) -> dispatcher.Written:
    """Return the answer to the body of a request, which may also be an error; a long one is a file."""
    try:
        return dispatcher.write_answer(_read_body(request))
    except RpcError as exc:
        return dispatcher.failure(exc)


def _not_a_post(request: HttpRequest) -> HttpResponse:
    """Answer a browser that opens the address."""
    refused = dispatcher.failure(InvalidRequestError("Send JSON-RPC by POST."))
    content = b"" if request.method == "HEAD" else refused
    return HttpResponse(content, content_type=CONTENT_TYPE, status=405, headers={"Allow": "POST"})


def _read_body(request: Body) -> bytes:
    """Return the raw body without changing Django's own limit, 2.5 MB for the whole site."""
    limit = settings.RPC_BODY_LIMIT
    if wrong := wrong_coding(cast(HttpRequest, request)):
        raise InvalidRequestError(wrong)
    try:
        body = request.read(limit + 1)
        if len(body) > limit:
            _drain(request, limit)
            raise InvalidRequestError(f"The body is larger than {limit} bytes.")
    except UnreadablePostError:
        raise InvalidRequestError("The body ended before its announced length.") from None
    except BadRequest as exc:
        raise InvalidRequestError(str(exc)) from None
    return body


def _drain(request: Body, limit: int) -> None:
    """Read and discard more of the body: a caller that is still sending does not read our answer."""
    for _ in range(0, 8 * limit, BLOCK):
        if not request.read(BLOCK):
            return
