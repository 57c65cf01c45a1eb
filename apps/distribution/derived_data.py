"""Data derived from the whole ledger; they are made again only after the ledger has changed.

Each process keeps the newest bytes in memory. A file below the data root, named after the ledger's revision,
keeps them for other processes and for the next start.
"""

import contextlib
import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from apps.catalog import queries
from apps.catalog.models import ACCOUNT_ACTIONS, AuditRecord
from apps.distribution.checked_files import keep_checked, load_checked
from apps.distribution.client_package.queries import published_definition

FORMAT = 2  # Increase this number when the form of the published data changes.


@dataclass(frozen=True)
class _Edition:
    """The bytes that were made from one revision under one set of settings."""

    source: tuple[object, ...]
    content: bytes


_newest: dict[str, _Edition] = {}
_making: dict[
    str, threading.Lock
] = {}  # One lock for each kind of data: slow data must not delay the others.


def current(name: str, make: Callable[[], bytes]) -> bytes:
    """Return the bytes that `make` returns for the present state of the ledger, made now or earlier.

    Parameters
    ----------
    name
        Name of the data; also the beginning of the file name.
    make
        Function that reads the ledger and returns the bytes. It never runs twice at once in a process.
    """
    # Read the revision before making anything. If the ledger changes meanwhile, the bytes are newer than
    # their label, and the next call makes them again.
    source = (queries.revision(), *_settings())
    edition = _newest.get(name)
    if edition is None or edition.source != source:
        with _making.setdefault(name, threading.Lock()):
            edition = _newest.get(name)
            if edition is None or edition.source != source:
                edition = _newest[name] = _Edition(source, _load_or_make(name, source, make))
    return edition.content


def _settings() -> tuple[object, ...]:
    """Return the settings that published bytes depend on."""
    definition = published_definition()
    return (
        definition.sha1sum if definition else "",
        FORMAT,
        settings.DATA_ROOT,
        settings.OBSERVATORY,
        settings.PUBLIC_URL,
        settings.MAX_HEADERS_PER_RPC,
        settings.MAX_BESTREFS_PER_RPC,
    )


def _load_or_make(name: str, source: tuple[object, ...], make: Callable[[], bytes]) -> bytes:
    path = _path(name, source)
    content = load_checked(path)
    if content is None:
        content = make()
        keep_checked(path, content)
        _remove_others(path)
    return content


def _path(name: str, source: tuple[object, ...]) -> Path:
    """Return the file of an edition.

    The newest audit record of a file or pointer is part of the name, because a database restored from an
    older copy counts the same revision numbers again.
    """
    records = AuditRecord.objects.exclude(action__in=ACCOUNT_ACTIONS)
    newest = records.order_by("-pk").values_list("pk", "at").first()
    mark = hashlib.sha256(repr((source, newest)).encode()).hexdigest()[:16]
    return settings.DATA_ROOT / "published" / f"{name}-{source[0]}-{mark}"


def _remove_others(path: Path) -> None:
    """Remove all editions of the same data except `path`."""
    stem = path.name.split("-")[0]
    for other in path.parent.glob(f"{stem}-*"):
        if other != path:
            with contextlib.suppress(OSError):
                other.unlink()
