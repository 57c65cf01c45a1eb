"""A process that runs follows its document: when the file is another one, it serves that."""

from __future__ import annotations

import logging
from pathlib import Path

from django.conf import settings

from apps.core.errors import ConflictError
from apps.observatories import documents
from apps.rules.observatories.definition_lines import DefinitionError
from apps.rules.observatories.overlay import forget_overlay

logger = logging.getLogger(__name__)

_Seen = tuple[Path, tuple[int, int, int] | None]
_seen: list[_Seen] = []


def look() -> None:
    """Serve the document again if its file has changed since this process last looked.

    A file with mistakes is left alone: what this process knows stays in force. A file that cannot be read now
    is read at the next look.
    """
    try:
        _look()
    except (OSError, ConflictError) as exc:
        _seen.clear()
        logger.error("%s cannot be read; the earlier one stays in force: %s", documents.path(), exc)


def _look() -> None:
    now = documents.path(), documents.stamp()
    if now in _seen:
        return
    _seen[:] = [now]
    if now[1] is None:
        _forget()
        return
    try:
        found = documents.read(documents.text())
    except (DefinitionError, UnicodeError) as exc:
        logger.error("%s has changed and cannot be used; the earlier one stays in force: %s", now[0], exc)
        return
    if not documents.is_overlaid() and found.name != settings.OBSERVATORY:
        logger.error("%s defines %s now; start the server again to serve it", now[0], found.name)
        return
    documents.serve(found)
    logger.info("%s is in force, version %s", now[0], found.version)


def _forget() -> None:
    """Forget an overlay that is gone. A definition that is gone stays in force until the server ends."""
    if documents.is_overlaid():
        forget_overlay(settings.OBSERVATORY)
