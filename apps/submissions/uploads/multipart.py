"""A reader of forms with big files: it hands on blocks as they arrive, without a copy (docs/adr/0006).

A body is ``--boundary``, parts with that line between them, and ``--boundary--``. Each part is a head, an
empty line and the content. Source: RFC 2046, section 5.1.1, and RFC 7578.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.http.multipartparser import MultiPartParserError
from django.utils.http import parse_header_parameters

READ = 1 << 18  # bytes; more would leave the processor's cache before they are written
HEAD = 8192  # bytes the head of a part may have
_AS_IT_IS = {"", "7bit", "8bit", "binary"}


@dataclass(frozen=True)
class FormPart:
    """One field or file; its content can be read once, before the next part is requested."""

    name: str
    file_name: str | None  # Exactly as sent; None for a field.
    content: Iterator[memoryview]


class MultipartReader:
    """A parser that splits a body into its parts while it arrives.

    Parameters
    ----------
    read
        Returns at most the given number of bytes; none at the end. A body that ends early looks like the end
        of a part: check `is_closed`, and compare `count` with the announced length.
    boundary
        The boundary that the Content-Type gives.

    Attributes
    ----------
    count
        Bytes that were read.
    is_closed
        Whether the last boundary, which closes the form, was read.
    """

    def __init__(self, read: Callable[[int], bytes], boundary: bytes) -> None:
        self._read = read
        self._delimiter = b"\r\n--" + boundary
        self._held = b"\r\n"  # Read but not yet handed on. The first boundary has no line before it.
        self._is_over = False
        self.is_closed = False
        self.count = 0

    def parts(self) -> Iterator[FormPart]:
        """Yield one part after the other; content that the caller has not read is skipped.

        Raises
        ------
        MultiPartParserError
            Raised if the body is not a form of this kind.
        """
        self._skip(self._content())
        while self._finds_another():
            part = self._part()
            yield part
            self._skip(part.content)
        while self._more():
            pass

    def _more(self) -> bytes:
        block = self._read(READ)
        self.count += len(block)
        self._is_over = not block
        return block

    def _content(self) -> Iterator[memoryview]:
        """Yield the bytes before the next delimiter, and move past the delimiter."""
        data, self._held = self._held, b""
        while (at := data.find(self._delimiter)) < 0:
            whole = len(data) - self._begun(data)
            yield memoryview(data)[:whole]
            # If the first operand is empty, nothing is copied.
            data = data[whole:] + self._more()
            if self._is_over:
                return
        self._held = data[at + len(self._delimiter) :]
        yield memoryview(data)[:at]

    def _begun(self, data: bytes) -> int:
        """Return how many bytes at the end may be the start of a delimiter.

        Only the first byte of a delimiter is a carriage return.
        """
        at = data.rfind(b"\r", max(0, len(data) - len(self._delimiter) + 1))
        return len(data) - at if at >= 0 and self._delimiter.startswith(data[at:]) else 0

    def _skip(self, content: Iterator[memoryview]) -> None:
        for _ in content:
            pass

    def _finds_another(self) -> bool:
        while len(self._held) < 2 and not self._is_over:
            self._held += self._more()
        self.is_closed = self._held[:2] == b"--"
        return not self.is_closed and not self._is_over

    def _part(self) -> FormPart:
        rest, *lines = self._head().split(b"\r\n")
        if rest.strip(b" \t"):
            raise MultiPartParserError("Behind a boundary there is something else than the end of its line.")
        head = {}
        for line in lines:
            key, _, value = line.partition(b":")
            head[key.strip().lower()] = value.strip().decode("utf-8", "replace")
        kind, about = parse_header_parameters(head.get(b"content-disposition", ""))
        if kind != "form-data" or "name" not in about:
            raise MultiPartParserError("A part of the form has no name.")
        if head.get(b"content-transfer-encoding", "").lower() not in _AS_IT_IS:
            raise MultiPartParserError("A part of the form is not sent as it is.")
        return FormPart(about["name"], about.get("filename"), self._content())

    def _head(self) -> bytes:
        """Return the rest of the line with the boundary and the lines of the head."""
        while (at := self._held.find(b"\r\n\r\n", 0, HEAD)) < 0:
            if len(self._held) >= HEAD or self._is_over:
                raise MultiPartParserError(f"A part of the form has no head of at most {HEAD} bytes.")
            self._held += self._more()
        head, self._held = self._held[:at], self._held[at + 4 :]
        return head
