"""Takes files that are only compared: to a temporary place, within a limit, of people who are logged in."""

from typing import Any

from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler
from django.http import HttpRequest

from apps.certify.differences import MOST_BYTES

MOST_FILES = 2


class ComparedFileHandler(TemporaryFileUploadHandler):
    """Keeps two files that are not too big, and nothing of any other.

    Attributes
    ----------
    is_open
        Whether this person may upload at all.
    refused
        Names of the files that were too big.
    """

    def __init__(self, request: HttpRequest, *, is_open: bool) -> None:
        super().__init__(request)
        self.is_open, self.most_bytes = is_open, MOST_BYTES
        self.refused: list[str] = []
        self._count = self._size = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file, or pass over it."""
        self._count, self._size = self._count + 1, 0
        if not self.is_open or self._count > MOST_FILES:
            raise SkipFile
        super().new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Take a piece; one that is too much ends the file."""
        self._size += len(raw_data)
        if self._size > self.most_bytes:
            self.refused.append(str(self.file_name)[:128])
            raise SkipFile
        super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> Any:
        """Hand a file out; from then on it is none of ours, so that the next one cannot end it."""
        complete = super().file_complete(file_size)
        del self.file
        return complete
