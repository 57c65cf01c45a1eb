"""The making of a look from a file."""

from __future__ import annotations

from pathlib import Path, PurePath

from apps.certify import fits_structure
from apps.certify.quick_looks import asdf_files, fits_files, text_files
from apps.certify.quick_looks.array_summary import ArraySummarizer, ArrayTaker
from apps.certify.quick_looks.errors import UnreadableFileError
from apps.certify.quick_looks.values import LOOK_FILE, QuickLook


def make(path: Path, folder: Path, *, name: str) -> QuickLook:
    """Look into a file, write the look and its pictures into a folder, and return it.

    The look of a file that cannot be read says why.

    Parameters
    ----------
    path
        Path of the file, under any name.
    folder
        Existing, empty folder.
    name
        Name of the file; its extension counts if the first bytes do not show the format.
    """
    try:
        look = read(path, ArraySummarizer(folder), name=name)
    except UnreadableFileError as exc:
        look = QuickLook(failure=str(exc))
    (folder / LOOK_FILE).write_bytes(look.dumps())
    return look


def read(path: Path, easel: ArrayTaker, *, name: str) -> QuickLook:
    """Return the look into a file; `easel` gets each array that can be read.

    Raises
    ------
    UnreadableFileError
        Raised if the file cannot be read in the format of its first bytes or of its name.
    """
    extension = PurePath(name).suffix
    with path.open("rb") as stream:
        start = stream.read(fits_structure.CARD)
    # The text half of a GEIS pair begins like FITS, but its SIMPLE is F.
    if start.startswith(fits_structure.START) and start[9:30].strip() != b"F":
        return fits_files.look(path, easel)
    if start.startswith(asdf_files.START):
        return asdf_files.look(path, easel)
    if extension in (".fits", ".asdf"):
        raise UnreadableFileError(f"Not {extension[1:].upper()}: the file begins with {start[:16]!r}.")
    if extension in text_files.FORMATS:
        return text_files.look(path, text_files.FORMATS[extension])
    if extension.endswith("h"):
        return text_files.look(path, "text")
    return QuickLook(format="unknown", notes=("Nothing is known of the inside of files of this kind.",))
