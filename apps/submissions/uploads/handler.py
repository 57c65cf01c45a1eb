"""An upload handler that writes the bytes of files to the disk as they arrive, so that memory stays flat.

Django hands over the bytes before it has compared the CSRF token. So the handler writes them to a new path,
or after the end of the existing bytes. They count only once `commit` is called, after the comparison.
"""

import errno
import fcntl
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path, PurePath
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict

from apps.core.bodies import announced_length
from apps.rules.errors import CrdsError
from apps.submissions.errors import (
    BrokenUploadError,
    NoSpaceError,
    UploadGapError,
    UploadNameError,
    UploadRangeError,
)
from apps.submissions.models import IngestFile
from apps.submissions.uploads import ingest_area
from apps.submissions.uploads.multipart import FormPart, MultipartReader
from apps.submissions.uploads.running_checksum import GrowingSum, forget_sum, remembered_sum

FIELD = "files"
MOST = 100  # files and fields of one form
TEXT = 1 << 16  # bytes of one field that is not a file
STEP = 1 << 21  # bytes after which the disk starts to write them and the sum starts to include them
_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})")


@dataclass(frozen=True)
class Range:
    """The bytes of a file that a request brings: `first` to `last`, both included, of `total`."""

    first: int
    last: int
    total: int

    @property
    def is_end(self) -> bool:
        """Return whether these bytes reach the end of the file."""
        return self.last + 1 == self.total


def parse_range(header: str | None) -> Range | None:
    """Return the range that a Content-Range header gives, or None without a header.

    Raises
    ------
    UploadRangeError
        Raised if the header cannot be understood.
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
    """One file of a request: the place of its bytes, and the outcome."""

    name: str
    error: CrdsError | None = None
    row: IngestFile | None = None
    descriptor: int = -1
    path: Path | None = None
    start: int = 0  # Offset of the first byte of this request, in bytes.
    existing: int = 0  # Bytes that the file had before this request.
    is_repeated: bool = False  # The file is already complete; the bytes are only compared.
    announced: int | None = None  # Bytes that this request announces, or None.
    make_room: Callable[[int], None] | None = None  # Called with the length so far if no size was announced.
    length: int = 0  # Bytes that this request has brought so far.
    noted: int = 0  # The part of `length` already handed to the disk and the sum.
    sum_so_far: GrowingSum = field(default_factory=GrowingSum)

    def write(self, data: memoryview) -> None:
        """Write the next bytes; bytes that the file already has must be the same."""
        offset = self.start + self.length
        self.length += len(data)
        if self.announced is not None and self.length > self.announced:
            raise BrokenUploadError(f"Of {self.name} more came than the {self.announced} bytes announced.")
        if known := max(0, min(self.existing - offset, len(data))):
            if os.pread(self.descriptor, known, offset) != data[:known]:
                raise UploadGapError(
                    f"{self.name} has other bytes from {offset} on; start again.", expected=0
                )
            data, offset = data[known:], offset + known
        while data:
            written = os.pwrite(self.descriptor, data, offset)
            data, offset = data[written:], offset + written
        if self.length - self.noted >= STEP:
            self._note()

    def _note(self) -> None:
        """Start work that would otherwise wait for the end: the sum, and the writing to the disk."""
        if self.make_room:
            self.make_room(self.length)
        if self.announced is None:
            self.sum_so_far.grow(self.descriptor, self.start + self.length)
        # The advice makes Linux start to write. Bytes that are not yet on the disk stay in memory meanwhile.
        first = self.start + self.noted
        os.posix_fadvise(self.descriptor, first, self.length - self.noted, os.POSIX_FADV_DONTNEED)
        self.noted = self.length

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def discard(self) -> None:
        """Remove the bytes that this request has written; to a complete file it has written none."""
        if self.is_repeated:
            self.close()
            return
        if self.descriptor >= 0 and self.start and self.start + self.length > self.existing:
            os.ftruncate(self.descriptor, self.existing)
        self.close()
        if self.path is not None and not self.start:
            self.path.unlink(missing_ok=True)


class UploadHandler(FileUploadHandler):
    """A handler that reads the whole body of an upload; Django keeps no part of the files."""

    def __init__(
        self,
        request: HttpRequest,
        *,
        owner_id: int,
        piece: Range | None,
        replaced: Mapping[str, str] | None = None,
    ) -> None:
        """Make the handler of one request.

        Parameters
        ----------
        owner_id
            Key of the account whose ingest area takes the files.
        piece
            The range that the request announces; None if it brings whole files.
        replaced
            Names of further fields with a file each, and the name under which that file is stored.
        """
        super().__init__(request)
        self.owner_id = owner_id
        self.piece = piece
        self.replaced = replaced or {}
        self.arrivals: list[Arrival] = []
        self.is_whole = False

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, Any],
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> tuple[QueryDict, MultiValueDict[str, Any]]:
        """Parse the body with our parser; the two results become ``POST`` and ``FILES``."""
        encoding = encoding or settings.DEFAULT_CHARSET
        reader, fields = MultipartReader(input_data.read, boundary), QueryDict("", True, encoding)
        for number, part in enumerate(reader.parts()):
            if number >= MOST:
                raise TooManyFilesSent(f"The form has more than {MOST} files and fields.")
            if part.file_name is None:
                fields.appendlist(part.name, _text(part).decode(encoding, "replace"))
            elif part.file_name and (part.name == FIELD or part.name in self.replaced):
                self._receive(part, part.file_name)
        length = announced_length(self.request) if self.request else content_length
        self.is_whole = reader.is_closed and length in (None, reader.count)
        return fields, MultiValueDict()

    def _receive(self, part: FormPart, file_name: str) -> None:
        name = self.replaced.get(part.name, file_name)
        arrival = self.admit(name)
        if arrival.error is None and PurePath(name).suffix != PurePath(file_name).suffix:
            arrival.error = UploadNameError(
                f"{file_name[:128]!r} cannot replace {name}: their extensions differ."
            )
        for block in part.content:
            if arrival.error is not None:
                return
            try:
                arrival.write(block)
            except CrdsError as exc:
                arrival.error = exc
            except OSError as exc:
                arrival.error = full_disk(exc, arrival.name)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        raise NotImplementedError("handle_raw_input takes everything")

    def file_complete(self, file_size: int) -> None:
        raise NotImplementedError("handle_raw_input takes everything")

    def admit(self, name: str) -> Arrival:
        """Check a file before its first byte is written, and open the path for its bytes."""
        piece = self.piece
        arrival = Arrival(name, announced=piece.last - piece.first + 1 if piece else None)
        self.arrivals.append(arrival)
        try:
            if self.piece is not None and len(self.arrivals) > 1:
                raise UploadRangeError("A request with Content-Range brings one file.")
            ingest_area.require_name(name)
            if self.piece is not None and self.piece.first:
                self._continue(arrival, self.piece)
            else:
                self._begin(arrival)
        except CrdsError as exc:
            arrival.error = exc
        return arrival

    def _begin(self, arrival: Arrival) -> None:
        ingest_area.reserve(self.owner_id, arrival.name, self._largest(arrival))
        arrival.path = ingest_area.new_part(self.owner_id)
        arrival.descriptor = os.open(arrival.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)

    def _largest(self, arrival: Arrival) -> int:
        """Return the most bytes a file may have: the announced length of the body is an upper limit."""
        if self.piece is not None:
            return self.piece.total
        length = announced_length(self.request) if self.request else 0
        if length is None:
            arrival.make_room = partial(ingest_area.reserve, self.owner_id, arrival.name)
        return length or 0

    def _continue(self, arrival: Arrival, piece: Range) -> None:
        row, path = (
            ingest_area.find(self.owner_id, arrival.name),
            ingest_area.part_of(self.owner_id, arrival.name),
        )
        if row is not None and row.size == piece.total and ingest_area.is_complete(row):
            self._repeat(arrival, row, piece)
            return
        if row is None or row.completed_at is not None or not path.exists():
            raise UploadGapError(f"{arrival.name} has no beginning here.", expected=0)
        if row.size != piece.total:
            raise UploadGapError(
                f"{arrival.name} began with {row.size} bytes, not {piece.total}.", expected=0
            )
        arrival.row, arrival.path, arrival.start = row, path, piece.first
        arrival.descriptor = os.open(path, os.O_RDWR)
        try:
            self._take(arrival, path)
        except UploadGapError:
            arrival.close()
            raise

    def _take(self, arrival: Arrival, path: Path) -> None:
        """Lock the file against other requests, and require that it has all bytes before the piece."""
        arrival.existing = size = os.fstat(arrival.descriptor).st_size
        try:
            fcntl.flock(arrival.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UploadGapError(
                f"{arrival.name} is being written by another request.", expected=size
            ) from None
        # Another request may have completed the file after we opened it and before we locked it.
        ingest_area.require_same(path, arrival.descriptor, arrival.name)
        if arrival.start > size:
            raise UploadGapError(
                f"{arrival.name} has {size} bytes; a piece cannot start at {arrival.start}.", expected=size
            )

    def _repeat(self, arrival: Arrival, row: IngestFile, piece: Range) -> None:
        """Only compare the bytes of a complete file: the answer to its last piece may have been lost."""
        arrival.row, arrival.path = row, ingest_area.bring(row)
        arrival.descriptor = os.open(arrival.path, os.O_RDONLY)
        arrival.start, arrival.existing, arrival.is_repeated = piece.first, row.size, True

    def commit(self) -> None:
        """Accept the bytes that came. Called after the token of the form was found to be right."""
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
        piece, path = self.piece, arrival.path
        if not self.is_whole or arrival.length != (arrival.announced or arrival.length):
            raise BrokenUploadError(f"Of {arrival.name} only {arrival.length} bytes came.")
        if arrival.is_repeated:
            return
        if piece is None or (piece.is_end and not piece.first):
            sum_so_far = arrival.sum_so_far
            arrival.row = ingest_area.complete(
                self.owner_id, arrival.name, path, arrival.descriptor, sum_so_far
            )
        elif not piece.first:
            row = ingest_area.begin(self.owner_id, arrival.name, piece.total, path)
            remembered_sum(_key(row)).grow(arrival.descriptor, arrival.length)
        else:
            self._commit_further(arrival, piece)

    def _commit_further(self, arrival: Arrival, piece: Range) -> None:
        assert arrival.path is not None  # noqa: S101
        assert arrival.row is not None  # noqa: S101
        key, path = _key(arrival.row), arrival.path
        ingest_area.require_same(path, arrival.descriptor, arrival.name)
        # These bytes count from now on, even if a later step fails.
        arrival.existing = max(arrival.existing, piece.last + 1)
        sum_so_far = remembered_sum(key)
        arrival.row = None
        if not piece.is_end:
            sum_so_far.grow(arrival.descriptor, piece.last + 1)
            return
        try:
            arrival.row = ingest_area.complete(
                self.owner_id, arrival.name, path, arrival.descriptor, sum_so_far
            )
        finally:
            forget_sum(key)

    def discard(self) -> None:
        """Remove files that were not committed; after `commit` this does nothing."""
        for arrival in self.arrivals:
            if arrival.descriptor >= 0:
                arrival.discard()


def _key(row: IngestFile) -> tuple[int, datetime]:
    """Return a key that no other upload has, not even a second one of the same file."""
    return row.pk, row.started_at


def _text(part: FormPart) -> bytes:
    text = bytearray()
    for block in part.content:
        text += block
        if len(text) > TEXT:
            raise RequestDataTooBig(f"The field {part.name[:40]!r} has more than {TEXT} bytes.")
    return bytes(text)


def full_disk(error: OSError, name: str) -> CrdsError:
    """Return the error that a person sees when the disk is full; raise any other error."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        raise error
    return NoSpaceError(f"The disk of the server became full while {name} was written.")
