"""What the ledger knows about files."""


from apps.catalog.errors import UnknownFileError
from apps.catalog.models import File, Revision


def find_file(name: str) -> File | None:
    """Return the row of a file, or None."""
    return File.objects.filter(name=name).first()


def get_file(name: str) -> File:
    """Return the row of a file.

    Raises
    ------
    UnknownFileError
        Raised if no file has this name.
    """
    file = find_file(name)
    if file is None:
        raise UnknownFileError(f"File {name!r} is not known to this server.")
    return file


def revision() -> int:
    """Return a number that grows with every change of a file or pointer."""
    return Revision.objects.values_list("number", flat=True).first() or 0
