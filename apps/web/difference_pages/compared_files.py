"""The compared files: files of the store, or files that somebody has just uploaded."""

from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from apps.catalog import queries as catalog
from apps.catalog import storage
from apps.catalog.errors import UnknownFileError
from apps.catalog.models import File
from apps.catalog.reading import checked_path, load_text, require_present
from apps.catalog.states import FileState
from apps.contexts import queries as contexts
from apps.core.errors import InvalidInputError
from apps.rules.errors import CrdsError, MappingError
from apps.rules.naming.file_names import MAPPING_EXTENSIONS, is_file_name, is_mapping

LONGEST = 200  # characters that may be typed
MOST_TEXT = 2 << 20  # bytes of an uploaded mapping, twice the largest there is
MOST_LINES = 100_000  # of an uploaded mapping; the comparison keeps each of them in memory


@dataclass(frozen=True, slots=True)
class Source:
    """One of the two files.

    Attributes
    ----------
    name, sha1sum
        Together they identify the file, wherever its bytes are.
    uploaded_to
        Path of its bytes if it was uploaded for this comparison.
    row
        Its row in the catalogue; None if it was uploaded for this comparison.
    """

    name: str
    sha1sum: str
    uploaded_to: Path = field(compare=False, default=Path())
    row: File | None = field(compare=False, default=None, repr=False)

    @property
    def path(self) -> Path:
        """The path of its bytes, after a comparison with the catalogue; errors as `text`."""
        return checked_path(self.row) if self.row else self.uploaded_to

    @property
    def is_uploaded(self) -> bool:
        """Return whether it was uploaded for this comparison."""
        return self.row is None

    @property
    def label(self) -> str:
        """Its name in headings."""
        return f"{self.name} (uploaded)" if self.is_uploaded else self.name

    @property
    def size(self) -> int:
        """The size in bytes."""
        return (self.row.size or 0) if self.row else self.path.stat().st_size

    def text(self) -> str:
        """Return its text.

        Raises
        ------
        DamagedFileError, NotHeldError
            Raised if the store does not have the bytes that the catalogue describes.
        MappingError
            Raised if the bytes are not text, or there are far more of them than in any mapping.
        """
        if self.row:
            return load_text(self.row)
        if self.size > MOST_TEXT:
            raise MappingError(
                f"{self.name} has {self.size:,} bytes. A mapping may have at most {MOST_TEXT:,}."
            )
        content = self.path.read_bytes()
        if (lines := content.count(b"\n")) > MOST_LINES:
            raise MappingError(f"{self.name} has {lines:,} lines. A mapping may have at most {MOST_LINES:,}.")
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as exc:
            raise MappingError(f"{self.name} is not UTF-8 text: {exc.reason} at byte {exc.start}.") from exc


def find_known(typed: str, *, is_inside: bool) -> Source:
    """Return the file that somebody names.

    Parameters
    ----------
    typed
        A file name, or a specifier of a mapping, such as ``keckao-latest`` or a date.
    is_inside
        Whether files that are not confirmed yet may be seen.

    Raises
    ------
    UnknownFileError
        Raised if there is no such file.
    NotHeldError, DamagedFileError
        Raised if its bytes are not here.
    """
    name = _resolved(typed.strip()[:LONGEST])
    row = catalog.find_file(name) if is_file_name(name) else None
    if row is None or (row.state == FileState.UPLOADED and not is_inside):
        raise UnknownFileError(f"There is no file {name!r} in CRDS.")
    return of_row(row)


def of_row(row: File) -> Source:
    """Return a file of the catalogue, whose bytes must be here; errors as `find_known`."""
    require_present(row)
    return Source(row.name, row.sha1sum, row=row)


def of_upload(name: str, path: Path) -> Source:
    """Return a file that was uploaded for this comparison.

    Raises
    ------
    InvalidInputError
        Raised if it has no proper name.
    """
    if not is_file_name(name):
        raise InvalidInputError(
            f"{name[:128]!r} is not a file name: 1 to 128 letters, digits, '.', '_' and '-'."
        )
    return Source(name, storage.sha1sum(path), path)


def format_of(old: Source, new: Source) -> str:
    """Return the extension that both names share, in lower case.

    Raises
    ------
    InvalidInputError
        Raised if the extensions differ: such files cannot be compared.
    """
    endings = [Path(source.name).suffix.lower() for source in (old, new)]
    if endings[0] == endings[1]:
        return endings[0]
    if all(map(is_mapping, (old.name, new.name))):
        reason = f"both must be of one level: {', '.join(MAPPING_EXTENSIONS)}"
    elif any(map(is_mapping, (old.name, new.name))):
        reason = "one of them is a mapping and the other is a reference"
    else:
        reason = f"their formats differ: {endings[0] or 'none'} and {endings[1] or 'none'}"
    raise InvalidInputError(f"{old.name} and {new.name} cannot be compared: {reason}.")


def _resolved(typed: str) -> str:
    """Return the name of the mapping that a specifier names; any other text unchanged."""
    if is_file_name(typed) and "." in typed:
        return typed
    try:
        return contexts.resolve(typed) if typed else ""
    except CrdsError as exc:
        raise UnknownFileError(
            f"There is no file {typed!r} in {settings.OBSERVATORY.upper()} CRDS: {exc}"
        ) from exc
