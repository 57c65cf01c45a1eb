"""The folder that the archive picks up from.

::

    deliveries/keckao_315.cat      a catalogue: the names of its files, one a line
    deliveries/<file>              a link of each file
    deliveries/.crds-deliveries    marks the folder; an empty mount point does not have it
    deliveries/.<random>.part      unfinished

A catalogue appears complete, and after its files. The archive renames or removes it to pick it up.
"""

import contextlib
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from apps.catalog import checksums, storage
from apps.catalog.errors import BadNameError, DeliveryFolderError
from apps.catalog.models import File
from apps.catalog.reading import checked_path
from apps.catalog.storage import ABANDONED
from apps.core.files import PART, link_or_copy, part_beside, sync_file, sync_folder
from apps.rules.naming.file_names import is_file_name

MARK = ".crds-deliveries"


def path_of(name: str) -> Path:
    """Return the path of a catalogue, or of the link of a file, whether or not it exists."""
    if not is_file_name(name):
        raise BadNameError(f"{name!r} is not a file name: 1 to 128 letters, digits, '.', '_' and '-'.")
    return _root() / name


def _root() -> Path:
    root: Path = settings.DELIVERY_ROOT
    return root


def prepare(*, is_first: bool) -> None:
    """Make the folder for the very first delivery; for later ones it must exist.

    Raises
    ------
    DeliveryFolderError
        Raised as by `require_marked`.
    """
    if is_first:
        _root().mkdir(parents=True, exist_ok=True)
        (_root() / MARK).touch()
    require_marked()


def require_marked() -> None:
    """Refuse a folder that is not the one we wrote to: in another folder all catalogues would seem picked up.

    Raises
    ------
    DeliveryFolderError
        Raised if the mark is missing.
    """
    if not (_root() / MARK).is_file():
        raise DeliveryFolderError(
            f"The delivery folder has no file {MARK}: its disk is not mounted, or it was moved. "
            "If it is the right folder, make that file."
        )


def place(file: File) -> None:
    """Put a file into the folder: as a link, or as a copy where links are not possible.

    Raises
    ------
    NotHeldError, DamagedFileError
        Raised if the store does not have the catalogued bytes.
    UnfaithfulCopyError
        Raised if a copy reads back differently than it was written.
    """
    source, target = checked_path(file), path_of(file.name)
    if not _is_there(file, source, target):
        with checksums.keeping([source]):
            link_or_copy(source, target)


def _is_there(file: File, source: Path, target: Path) -> bool:
    """Return whether the folder has the bytes already; a copy is read to compare it."""
    try:
        if target.samefile(source):
            return True
        return target.stat().st_size == file.size and storage.sha1sum(target) == file.sha1sum
    except FileNotFoundError:
        return False


@contextmanager
def unpublished_catalogue(names: Iterable[str]) -> Iterator[Path]:
    """Yield a complete catalogue without its name; links made before it survive a power cut."""
    part = part_beside(_root() / MARK)
    try:
        part.write_text("".join(f"{name}\n" for name in names))
        sync_file(part)
        sync_folder(_root())
        yield part
    finally:
        part.unlink(missing_ok=True)


def publish(part: Path, name: str) -> None:
    """Give a complete catalogue its name."""
    part.replace(path_of(name))
    sync_folder(_root())


def has_catalogue(name: str) -> bool:
    """Return whether a catalogue waits to be picked up."""
    return path_of(name).exists()


def listed() -> list[str]:
    """Return the names in the folder, sorted, without hidden files; none if there is no folder."""
    try:
        return sorted(path.name for path in _root().iterdir() if is_file_name(path.name))
    except FileNotFoundError:
        return []


def remove(names: Iterable[str]) -> None:
    """Remove catalogues and links; a missing one is not an error."""
    for name in names:
        path_of(name).unlink(missing_ok=True)


def remove_abandoned_parts() -> None:
    """Remove unfinished files that nobody has touched for an hour."""
    oldest = time.time() - ABANDONED
    for path in _root().glob(f".*{PART}"):
        # A link has the modification time of the file in the store. The time of the link itself counts.
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_ctime < oldest:
                path.unlink()
