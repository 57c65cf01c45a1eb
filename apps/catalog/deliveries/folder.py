"""The folder that the archive picks up from.

::

    deliveries/jwst_315.cat        a catalogue: the names of its files, one a line
    deliveries/<file>              a link of each file
    deliveries/.crds-deliveries    says that this is the folder, and not the place where its disk belongs
    deliveries/.<random>.part      unfinished

A catalogue appears after its files and complete. Who picks it up renames or removes it.
"""

import contextlib
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from apps.catalog import storage
from apps.catalog.errors import BadNameError, DeliveryFolderError
from apps.catalog.models import File
from apps.catalog.reading import checked_path
from apps.catalog.storage import ABANDONED
from apps.core.files import PART, link_or_copy, part_beside, sync_file, sync_folder
from apps.rules.naming.file_names import is_file_name

MARK = ".crds-deliveries"


def path_of(name: str) -> Path:
    """Return where a catalogue, or the link of a file, is or would be."""
    if not is_file_name(name):
        raise BadNameError(f"{name!r} is not a file name: 1 to 128 letters, digits, '.', '_' and '-'.")
    return _root() / name


def _root() -> Path:
    root: Path = settings.DELIVERY_ROOT
    return root


def prepare(*, is_first: bool) -> None:
    """Make the folder for the first delivery of all; for a later one it must be there.

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
    """Refuse a folder that is not the one we wrote to: in another one every catalogue looks picked up.

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
    """Let the folder have the bytes of a file: by a link, or by a copy where links cannot be.

    Raises
    ------
    NotHeldError, DamagedFileError
        Raised if the store has not got the bytes that the catalogue tells of.
    UnfaithfulCopyError
        Raised if a copy reads back differently than it was written.
    """
    source, target = checked_path(file), path_of(file.name)
    if not _is_there(file, source, target):
        link_or_copy(source, target)


def _is_there(file: File, source: Path, target: Path) -> bool:
    """Tell whether the folder has the bytes already; a copy is read to know."""
    try:
        if target.samefile(source):
            return True
        return target.stat().st_size == file.size and storage.sha1sum(target) == file.sha1sum
    except FileNotFoundError:
        return False


@contextmanager
def unpublished_catalogue(names: Iterable[str]) -> Iterator[Path]:
    """Lend a complete catalogue that nobody sees yet; links made before it survive a power cut too."""
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
    """Tell whether a catalogue waits to be picked up."""
    return path_of(name).exists()


def listed() -> list[str]:
    """Return the names of all that lies in the folder, hidden files left out, sorted; none without folder."""
    try:
        return sorted(path.name for path in _root().iterdir() if is_file_name(path.name))
    except FileNotFoundError:
        return []


def remove(names: Iterable[str]) -> None:
    """Remove catalogues and links; what is gone already is no error."""
    for name in names:
        path_of(name).unlink(missing_ok=True)


def remove_abandoned_parts() -> None:
    """Remove unfinished files nobody has touched for an hour."""
    oldest = time.time() - ABANDONED
    for path in _root().glob(f".*{PART}"):
        # A link has the time stamps of the file in the store: what counts is when it was made.
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_ctime < oldest:
                path.unlink()
