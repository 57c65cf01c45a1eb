"""The upload of files that are only compared: to a temporary folder, up to a limit, from logged-in people."""

from typing import Any

from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler
from django.http import HttpRequest

from apps.certify.differences import MOST_BYTES

MOST_FILES = 2


class ComparedFileHandler(TemporaryFileUploadHandler):
    """Keeps two files that are not too big, and discards all others.

    Attributes
    ----------
    is_open
        Whether this person may upload.
    refused
        Names of the files that were too big.
    """

    def __init__(self, request: HttpRequest, *, is_open: bool) -> None:
        super().__init__(request)
        self.is_open, self.most_bytes = is_open, MOST_BYTES
        self.refused: list[str] = []
        self._count = self._size = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file, or skip it."""
        self._count, self._size = self._count + 1, 0
        if not self.is_open or self._count > MOST_FILES:
            raise SkipFile
        super().new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep a piece; end the file at the piece that exceeds the limit."""
        self._size += len(raw_data)
        if self._size > self.most_bytes:
            self.refused.append(str(self.file_name)[:128])
            raise SkipFile
        super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> Any:
        """Hand over a complete file and forget it, so that the next file cannot end it."""
        complete = super().file_complete(file_size)
        del self.file
        return complete
