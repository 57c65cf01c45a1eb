"""Writes uploaded bytes where they belong while they arrive, so that memory stays flat.

Django hands us the bytes before it has compared the CSRF token. So they go to a path of their own, or behind
the end of what is there; only `commit`, called behind the comparison, lets them count.
"""

import errno
import fcntl
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParser

from apps.rules.errors import CrdsError
from apps.submissions import ingest
from apps.submissions.errors import BrokenUploadError, NoSpaceError, UploadGapError, UploadRangeError
from apps.submissions.models import IngestFile

FIELD = "files"
# Bytes. The parser copies a block several times, which is three times as fast while it fits the processor's
# cache; the web server hands out large ones cheaper.
BLOCK = 1 << 17
READ = 1 << 20
_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})")


@dataclass(frozen=True)
class Range:
    """Which bytes of a file a request brings: `first` to `last`, both included, of `total`."""

    first: int
    last: int
    total: int

    @property
    def is_end(self) -> bool:
        """Whether these bytes complete the file."""
        return self.last + 1 == self.total


def parse_range(header: str | None) -> Range | None:
    """Return what a Content-Range header says, or None if there is none.

    Raises
    ------
    UploadRangeError
        Raised if it cannot be understood.
    """
    if header is None:
        return None
    match = _RANGE.fullmatch(header)
    found = Range(*map(int, match.groups())) if match else None
    if found is None or not found.first <= found.last < found.total:
        raise UploadRangeError(f"Content-Range {header[:80]!r} is not of the form bytes FIRST-LAST/TOTAL.")
    return found


@dataclass
class Arrival:
    """One file of a request: where its bytes go, and what became of it."""

    name: str
    error: CrdsError | None = None
    row: IngestFile | None = None
    descriptor: int = -1
    path: Path | None = None
    start: int = 0  # Offset of the first byte of this request, in bytes.
    existing: int = 0  # Bytes that were there before.
    is_repeated: bool = False  # The file is complete already; the bytes are only compared.
    length: int = 0  # Bytes that came.

    def write(self, data: bytes) -> None:
        """Write what follows; bytes that were there already must be the same."""
        offset = self.start + self.length
        self.length += len(data)
        if known := max(0, min(self.existing - offset, len(data))):
            if os.pread(self.descriptor, known, offset) != data[:known]:
                raise UploadGapError(
                    f"{self.name} has other bytes from {offset} on; start again.", expected=0
                )
            data, offset = data[known:], offset + known
        view = memoryview(data)
        while view:
            written = os.pwrite(self.descriptor, view, offset)
            view, offset = view[written:], offset + written

    def close(self) -> None:
        """Let go of the file; a second call does nothing."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def discard(self) -> None:
        """Remove what this request has written."""
        if self.descriptor >= 0 and self.start and not self.is_repeated:
            os.ftruncate(self.descriptor, self.existing)
        self.close()
        if self.path is not None and not self.start:
            self.path.unlink(missing_ok=True)


class _Counted:
    """The body of a request, counting what is read: a connection that breaks looks like the end of a part."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._block = b""
        self._at = 0
        self.count = 0

    def read(self, size: int) -> bytes:
        if self._at == len(self._block):
            self._block, self._at = self._stream.read(READ), 0
            self.count += len(self._block)
        data = self._block[self._at : self._at + size]
        self._at += len(data)
        return data


class _VerbatimParser(MultiPartParser):
    """Keeps names as they were sent: Django would silently make another name of ``../x`` or ``a&amp;b``."""

    def sanitize_file_name(self, file_name: str) -> str:
        return file_name


class UploadHandler(FileUploadHandler):
    """Takes the whole body of an upload; Django keeps nothing of the files."""

    def __init__(self, request: HttpRequest, *, owner_id: int, piece: Range | None) -> None:
        super().__init__(request)
        self.owner_id = owner_id
        self.piece = piece
        self.arrivals: list[Arrival] = []
        self.is_whole = False

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, Any],
        content_length: int,
        boundary: Any,
        encoding: Any = None,
    ) -> Any:
        """Parse the body with our parser; what it returns becomes ``POST`` and ``FILES``."""
        counted: Any = _Counted(input_data)
        parsed = _VerbatimParser(META, counted, [_Receiver(self)], encoding).parse()
        self.is_whole = counted.count == content_length
        return parsed

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        raise NotImplementedError("handle_raw_input takes everything")

    def file_complete(self, file_size: int) -> None:
        raise NotImplementedError("handle_raw_input takes everything")

    def admit(self, name: str) -> Arrival:
        """Check a file before its first byte is written, and open where it goes."""
        arrival = Arrival(name)
        self.arrivals.append(arrival)
        try:
            if self.piece is not None and len(self.arrivals) > 1:
                raise UploadRangeError("A request with Content-Range brings one file.")
            ingest.require_name(name)
            if self.piece is not None and self.piece.first:
                self._continue(arrival, self.piece)
            else:
                self._begin(arrival)
        except CrdsError as exc:
            arrival.error = exc
        return arrival

    def _begin(self, arrival: Arrival) -> None:
        # Without pieces the body tells the size of a file only at its end; it is an upper limit.
        body = int(self.request.META.get("CONTENT_LENGTH") or 0) if self.request else 0
        ingest.reserve(self.owner_id, arrival.name, self.piece.total if self.piece else body)
        arrival.path = ingest.new_part(self.owner_id)
        arrival.descriptor = os.open(arrival.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)

    def _continue(self, arrival: Arrival, piece: Range) -> None:
        if self._repeat(arrival, piece):
            return
        row = ingest.find_begun(self.owner_id, arrival.name)
        path = ingest.part_of(self.owner_id, arrival.name)
        if row is None or not path.exists():
            raise UploadGapError(f"{arrival.name} has no beginning here.", expected=0)
        if row.size != piece.total:
            raise UploadGapError(
                f"{arrival.name} began with {row.size} bytes, not {piece.total}.", expected=0
            )
        arrival.descriptor = os.open(path, os.O_RDWR)
        size = os.fstat(arrival.descriptor).st_size
        try:
            fcntl.flock(arrival.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            arrival.close()
            raise UploadGapError(
                f"{arrival.name} is being written by another request.", expected=size
            ) from None
        if piece.first > size:
            arrival.close()
            raise UploadGapError(
                f"{arrival.name} has {size} bytes; a piece cannot start at {piece.first}.", expected=size
            )
        arrival.path, arrival.start, arrival.existing = path, piece.first, size

    def _repeat(self, arrival: Arrival, piece: Range) -> bool:
        """Compare only, if the file is complete: the answer to its last piece may have been lost."""
        row = ingest.find_complete(self.owner_id, arrival.name)
        if row is None or row.size != piece.total:
            return False
        arrival.row, arrival.path = row, ingest.path_of(self.owner_id, arrival.name)
        arrival.descriptor = os.open(arrival.path, os.O_RDONLY)
        arrival.start, arrival.existing, arrival.is_repeated = piece.first, row.size, True
        return True

    def commit(self) -> None:
        """Let what came count. Called when the token of the form was found right."""
        for arrival in self.arrivals:
            if arrival.error is None:
                try:
                    self._commit(arrival)
                except CrdsError as exc:
                    arrival.error = exc
                except OSError as exc:
                    arrival.error = full_disk(exc, arrival.name)
            if arrival.error is not None:
                arrival.discard()
            arrival.close()

    def _commit(self, arrival: Arrival) -> None:
        assert arrival.path is not None  # noqa: S101
        piece = self.piece
        expected = piece.last - piece.first + 1 if piece else arrival.length
        if not self.is_whole or arrival.length != expected:
            raise BrokenUploadError(f"Of {arrival.name} only {arrival.length} bytes came.")
        written = arrival.path
        if arrival.is_repeated:
            return
        if piece is None or (piece.is_end and not piece.first):
            arrival.row = ingest.complete(self.owner_id, arrival.name, written)
        elif not piece.first:
            ingest.begin(self.owner_id, arrival.name, piece.total, written)
        elif piece.is_end:
            arrival.row = ingest.complete(self.owner_id, arrival.name, written)

    def discard(self) -> None:
        """Remove what nobody committed; after `commit` it does nothing."""
        for arrival in self.arrivals:
            if arrival.descriptor >= 0:
                arrival.discard()


class _Receiver(FileUploadHandler):
    """What the parser calls for each file."""

    chunk_size = BLOCK

    def __init__(self, handler: UploadHandler) -> None:
        super().__init__(handler.request)
        self.handler = handler

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self.field_name != FIELD:
            raise SkipFile
        self.arrival = self.handler.admit(self.file_name or "")
        if self.arrival.error is not None:
            raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        try:
            self.arrival.write(raw_data)
        except CrdsError as exc:
            self.arrival.error = exc
        except OSError as exc:
            self.arrival.error = full_disk(exc, self.arrival.name)
        if self.arrival.error is not None:
            raise SkipFile

    def file_complete(self, file_size: int) -> None:
        return None


def full_disk(error: OSError, name: str) -> CrdsError:
    """Return what a person is told of a disk that takes no more; any other error is raised."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        raise error
    return NoSpaceError(f"The disk of the server became full while {name} was written.")
