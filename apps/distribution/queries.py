"""The files that may be handed out, found by their addresses."""

from datetime import UTC, datetime
from typing import cast

from django.conf import settings
from django.db import OperationalError

from apps.catalog import queries as catalog
from apps.catalog import storage
from apps.catalog.errors import UnknownFileError
from apps.catalog.reading import find_uncatalogued, require_present
from apps.catalog.states import FileKind
from apps.core.files import write_once
from apps.core.outages import DATABASE, find_outage
from apps.distribution.server_info import FOLDERS, bad_files, file_url, server_config, server_info
from apps.distribution.serving import Held
from apps.distribution.snapshot import sqlite_snapshot
from apps.observatories import queries as observatories
from apps.rules.naming.file_names import is_file_name, is_mapping

__all__ = [
    "bad_files",
    "definition_version",
    "downloadable",
    "file_url",
    "server_config",
    "server_info",
    "sqlite_snapshot",
]


def downloadable(name: str, *, folder: str | None = None, observatory: str | None = None) -> Held:
    """Return a file whose bytes we hold.

    Parameters
    ----------
    folder, observatory
        Values in the address; None if the address does not hold them.

    Raises
    ------
    UnknownFileError
        Raised if there is no such file at this address.
    NotHeldError
        Raised if the file is catalogued, but this server does not hold its bytes.
    DamagedFileError
        Raised if the bytes are missing or their size differs from the catalog.
    """
    if observatory not in (None, settings.OBSERVATORY):
        raise UnknownFileError(f"This server serves {settings.OBSERVATORY}, not {observatory!r}.")
    # A text that is not a file name has no row, and a database may be unable to search for it.
    if not is_file_name(name):
        raise UnknownFileError(f"File {name[:128]!r} is not known to this server: it is not a file name.")
    try:
        file = catalog.get_file(name)
    except OperationalError as exc:
        if find_outage(exc) is DATABASE and (kept := _from_store(name, folder)):
            return kept
        raise
    own_folder = FOLDERS[FileKind(file.kind)]
    if folder not in (None, own_folder):
        raise UnknownFileError(f"{name} is a {file.kind}; it is not below {folder}/ but below {own_folder}/.")
    path = require_present(file)
    # A constraint of the table gives both values to each held file; the annotations cannot say that.
    size, held_at = cast(int, file.size), cast(datetime, file.held_at)
    return Held(file.name, path, size, file.sha1sum, held_at, is_stored=True)


def definition_version(name: str) -> Held:
    """Return the file of a version of the definition or the overlay.

    Raises
    ------
    UnknownFileError
        Raised if there is no such version.
    """
    version = observatories.version_file(name)
    path = storage.config_path(version.name)
    write_once(path, version.text.encode(), mode=0o644)
    return Held(version.name, path, version.size, version.sha1sum, version.made_at)


def _from_store(name: str, folder: str | None) -> Held | None:
    """Return a file of the store while the database is away, or None if it is not there.

    Files are immutable, and only official ones are in the store. The caller compares the bytes with the
    sha1sum that it knows, as always.
    """
    kind = FileKind.MAPPING if is_mapping(name) else FileKind.REFERENCE
    found = find_uncatalogued(name) if folder in (None, FOLDERS[kind]) else None
    if found is None:
        return None
    path, sha1sum = found
    facts = path.stat()
    return Held(name, path, facts.st_size, sha1sum, datetime.fromtimestamp(facts.st_mtime, tz=UTC))
