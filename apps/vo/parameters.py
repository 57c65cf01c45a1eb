"""The parameters of a request: query string and body together, names in any case.

Django's own limits would answer a page, and a thousand fields are few for a client that sends ids in batches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from urllib.parse import parse_qsl

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.http.request import UnreadablePostError

from apps.core.bodies import wrong_coding
from apps.vo.errors import TooLargeError, UsageError

MAX_FIELDS = 20_000
_READ = ("POST", "PUT", "DELETE")


@dataclass(frozen=True)
class Parameters:
    """Pairs of name and value in the order in which they were sent; names in upper case."""

    pairs: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        """Return the values of a parameter that may be repeated."""
        return [value for known, value in self.pairs if known == name]

    def one(self, name: str, default: str = "") -> str:
        """Return the value of a parameter; the default if it is absent.

        Raises
        ------
        UsageError
            Raised if it was sent twice with different values.
        """
        values = list(dict.fromkeys(self.all(name)))
        if len(values) > 1:
            raise UsageError(
                f"The parameter {name} was sent {len(values)} times with different values; send it once."
            )
        return values[0] if values else default

    def has(self, name: str) -> bool:
        """Return whether a parameter was sent."""
        return any(known == name for known, _value in self.pairs)

    def names(self) -> set[str]:
        """Return the names of all parameters."""
        return {name for name, _value in self.pairs}


def parameters_of(request: HttpRequest) -> Parameters:
    """Return the parameters of a request.

    Raises
    ------
    UsageError
        Raised if the body cannot be read, or there are too many fields.
    TooLargeError
        Raised if the body is larger than `VO_BODY_LIMIT`.
    """
    sent = [*_pairs(str(request.META.get("QUERY_STRING", ""))), *_body_pairs(request)]
    return Parameters(tuple((name.upper(), value) for name, value in sent))


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise UsageError(f"The request has more than {MAX_FIELDS} fields.") from None


def _body_pairs(request: HttpRequest) -> Iterator[tuple[str, str]]:
    if request.method not in _READ:
        return
    body = _body(request)
    if not body:
        return
    kind = (request.content_type or "").lower()
    if kind == "multipart/form-data":
        yield from _parts(request, body)
    elif kind in ("application/x-www-form-urlencoded", ""):
        yield from _pairs(body.decode("utf-8", "replace"))
    else:
        raise UsageError(f"A body of the type {kind[:60]!r} is not read here; send a form.")


def _body(request: HttpRequest) -> bytes:
    limit = settings.VO_BODY_LIMIT
    if wrong := wrong_coding(request):
        raise UsageError(wrong)
    try:
        body = request.read(limit + 1)
    except (UnreadablePostError, BadRequest):
        raise UsageError("The body ended before its announced length.") from None
    if len(body) > limit:
        _drain(request, limit)
        raise TooLargeError(f"The body is larger than {limit} bytes.")
    return body


def _drain(request: HttpRequest, limit: int) -> None:
    """Read and discard more: a caller that is still sending does not read our answer."""
    for _ in range(0, 8 * limit, 1 << 20):
        if not request.read(1 << 20):
            return


def _parts(request: HttpRequest, body: bytes) -> Iterator[tuple[str, str]]:
    """Yield the fields of a form in parts. Django's reader would stop at a thousand of them."""
    head = f"Content-Type: {request.META.get('CONTENT_TYPE', '')}\r\n\r\n".encode("latin-1", "replace")
    form = message_from_bytes(head + body)
    if body.strip() == f"--{form.get_boundary()}--".encode():
        return  # A form without fields.
    if not form.is_multipart() or form.defects:
        raise UsageError("The form in the body cannot be read.")
    parts = form.get_payload()
    if len(parts) > MAX_FIELDS:
        raise UsageError(f"The request has more than {MAX_FIELDS} fields.")
    for part in parts:
        name = part.get_param("name", header="content-disposition")  # type: ignore[union-attr]
        if isinstance(name, str) and name:
            content = part.get_payload(decode=True)  # type: ignore[union-attr]
            yield name, content.decode("utf-8", "replace") if isinstance(content, bytes) else ""


_WHOLE = re.compile(r"\d{1,18}", re.ASCII)


def whole_number(name: str, text: str) -> int:
    """Return the value of a parameter that is a number of things.

    Raises
    ------
    UsageError
        Raised for anything but digits.
    """
    if not _WHOLE.fullmatch(text.strip()):
        raise UsageError(f"{name} is {text[:40]!r}; a whole number of at least 0 was expected.")
    return int(text)
