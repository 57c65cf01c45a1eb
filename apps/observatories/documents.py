"""The document that this server works with: a definition, or the overlay of an observatory of the client.

A server whose observatory comes with the client has an overlay, in `DATA_ROOT`; any other server has a
definition at `OBSERVATORY_FILE`. The file is what every process reads; the rows of `DefinitionVersion` say
how it came to be.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from django.conf import settings

from apps.core.errors import ConflictError
from apps.observatories.definition_files import put
from apps.rules import observatories
from apps.rules.observatories import SHIPPED, get_observatory, taken_names
from apps.rules.observatories.definition import Definition
from apps.rules.observatories.definition_lines import DefinitionError
from apps.rules.observatories.definition_reader import read_definition
from apps.rules.observatories.overlay import (
    Overlay,
    empty_overlay,
    find_overlay,
    read_overlay,
    serve_overlay,
)

OVERLAY_FILE = "overlay.yaml"

Document = Definition | Overlay


def is_overlaid() -> bool:
    """Return whether the served observatory comes with the client, so that only an overlay can change it."""
    return settings.OBSERVATORY in SHIPPED


def word() -> str:
    """Return what the document of this server is called."""
    return "overlay" if is_overlaid() else "definition"


def path() -> Path:
    """Return where the document is, or would be."""
    return settings.DATA_ROOT / OVERLAY_FILE if is_overlaid() else Path(settings.OBSERVATORY_FILE)


def text() -> str:
    """Return the text of the document; that of an overlay which adds nothing if there is none."""
    try:
        return path().read_text(encoding="utf-8")
    except FileNotFoundError:
        if is_overlaid():
            return empty_overlay(settings.OBSERVATORY)
        raise ConflictError(f"There is no definition at {path()}.") from None


def read(text: str) -> Document:
    """Return the document in a text.

    Raises
    ------
    DefinitionError
        Raised with every mistake and its line.
    """
    if is_overlaid():
        known = get_observatory(settings.OBSERVATORY)
        return read_overlay(text, name=known.name, types=known.types)
    return read_definition(text, taken=taken_names())


def sound(text: str) -> Document:
    """Return the document in a text; what is in force if somebody has written mistakes into the file."""
    try:
        return read(text)
    except DefinitionError:
        return in_use()


def in_use() -> Document:
    """Return the document that this process works with."""
    name = settings.OBSERVATORY
    found = find_overlay(name) if is_overlaid() else observatories.find_definition(name)
    return found or read(text())


def serve(document: Document) -> None:
    """Make a document known to this process; the others find it by its file."""
    if isinstance(document, Overlay):
        serve_overlay(document)
    else:
        observatories.serve(document)


def write(text: str) -> None:
    """Put a text in the place of the document.

    Raises
    ------
    ConflictError
        Raised if the file cannot be written, for example because it lies on a disk that is read only.
    """
    try:
        put(text, path())
    except OSError as exc:
        raise ConflictError(f"{path()} cannot be written: {exc.strerror}. Nothing was changed.") from exc


def remove() -> None:
    """Take away an overlay that was the first one."""
    path().unlink(missing_ok=True)


def sha1sum(text: str) -> str:
    """Return the sha1sum of a text as its file has it."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def stamp() -> tuple[int, int, int] | None:
    """Return what tells one state of the file from another; None if there is none.

    Raises
    ------
    OSError
        Raised if the disk does not answer. That does not mean that there is no file.
    """
    try:
        found = os.stat(path())
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
