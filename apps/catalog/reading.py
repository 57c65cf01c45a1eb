"""Readers of the store, which compare the bytes with the catalogue before anybody uses them.

No other module opens a path of the store. A digit that changes on the disk must not reach a client, and even
less a new mapping, because the checksum inside the new mapping would make it look sound.
"""

import contextlib
import hashlib
from collections.abc import Iterable
from pathlib import Path

from apps.catalog import checksums, queries, storage
from apps.catalog.errors import DamagedFileError, NotHeldError, UnknownFileError
from apps.catalog.models import File
from apps.core import bucket
from apps.rules.errors import MappingError
from apps.rules.naming.file_names import is_mapping
from apps.rules.text.checksum import require_checksum


def locate(file: File) -> Path:
    """Return the path of the held bytes of a file; only their size was compared.

    Raises
    ------
    NotHeldError
        Raised if the file is catalogued but its bytes are not here.
    DamagedFileError
        Raised if bytes that we should hold are gone or have another size.
    """
    _require_held(file)
    try:
        path = storage.bring(file.name, expected_sha1sum=file.sha1sum)
        size = path.stat().st_size
    except FileNotFoundError:
        size = None
    _require_size(file, size)
    return path


def require_present(file: File) -> Path:
    """Return the path that a file has, or will have, after a look whether the store has its size.

    A file of a bucket is not copied to this machine.

    Raises
    ------
    NotHeldError, DamagedFileError
        Raised as by `locate`.
    """
    _require_held(file)
    _require_size(file, storage.find_size(file.name))
    return storage.path_of(file.name)


def _require_held(file: File) -> None:
    if not file.is_held:
        raise NotHeldError(f"{file.name} is catalogued, but this server does not hold its bytes.")


def _require_size(file: File, size: int | None) -> None:
    if size is None:
        raise DamagedFileError(f"{file.name} is missing from the store; run verify_store.")
    if size != file.size:
        raise DamagedFileError(f"{file.name} has {size} bytes in the store; {file.size} were expected.")


def checked_path(file: File) -> Path:
    """Return the path of a file whose bytes agree with the catalogue, for readers that need a path.

    The bytes are read once for each state of the file on the disk (`checksums`).

    Raises
    ------
    NotHeldError, DamagedFileError
        Raised as by `locate`, and if the sha1sum of the bytes differs from the catalogue.
    """
    path = locate(file)
    if bucket.is_used() and checksums.of_path(path) != file.sha1sum:
        path = storage.bring_again(file.name, expected_sha1sum=file.sha1sum)
    with path.open("rb") as stream:
        _require_agreement(file, checksums.sha1sum(stream))
    return path


def find_uncatalogued(name: str) -> tuple[Path, str] | None:
    """Return path and sha1sum of a file of the store while the catalogue cannot be asked, or None.

    Files are immutable, and only official ones are in the store. Nothing is there to compare the bytes with,
    so only clients that know the sha1sum may have them.
    """
    with contextlib.suppress(FileNotFoundError):
        path = storage.bring(name)
        return path, checksums.read(path)
    return None


def stored_paths(names: Iterable[str]) -> list[Path]:
    """Return the paths that files have or will have in the store, to keep what is known of their sums.

    The paths must not be opened.
    """
    return [storage.path_of(name) for name in names]


def require_unaltered(names: Iterable[str]) -> None:
    """Check that the files whose bytes we hold agree with the catalogue.

    Call it before a program that reads the store by itself, such as the library that certifies files.

    Raises
    ------
    DamagedFileError
        Raised as by `checked_path`.
    """
    for file in queries.files_named(names).values():
        if file.is_held and is_mapping(file.name):
            load_bytes(file)  # It is small: its checksum need not be remembered.
        elif file.is_held:
            checked_path(file)


def load_bytes(file: File) -> bytes:
    """Return the bytes of a held file, the same ones that were compared; errors as `checked_path`."""
    content = locate(file).read_bytes()
    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    if bucket.is_used() and digest != file.sha1sum:
        return storage.bring_again(file.name, expected_sha1sum=file.sha1sum).read_bytes()
    _require_agreement(file, digest)
    return content


def load_text(file: File) -> str:
    """Return the text of a held mapping.

    Raises
    ------
    DamagedFileError, NotHeldError
        Raised as by `checked_path`.
    MappingError
        Raised if the bytes are not UTF-8 text.
    """
    try:
        return load_bytes(file).decode("utf-8")
    except UnicodeDecodeError as exc:
        raise MappingError(f"{file.name} is not UTF-8 text: {exc.reason} at byte {exc.start}.") from exc


def load_sources(names: Iterable[str]) -> dict[str, str]:
    """Return the texts, by name, of mappings from which new ones are made.

    Raises
    ------
    UnknownFileError
        Raised if no file has one of the names.
    DamagedFileError, NotHeldError, MappingError
        Raised as by `load_text`.
    ChecksumError
        Raised if a mapping states a sha1sum that is not its own.
    """
    texts = {name: load_text(file) for name, file in _rows(names).items()}
    for name, text in texts.items():
        require_checksum(text, name)
    return texts


def _rows(names: Iterable[str]) -> dict[str, File]:
    wanted = sorted(set(names))
    rows = queries.files_named(wanted)
    if missing := [name for name in wanted if name not in rows]:
        raise UnknownFileError(f"File {missing[0]!r} is not known to this server.")
    return rows


def _require_agreement(file: File, found: str) -> None:
    if found != file.sha1sum:
        raise DamagedFileError(
            f"{file.name} has sha1sum {found} in the store; {file.sha1sum} was expected. "
            "Its bytes were changed on the disk: restore them, then run verify_store."
        )
