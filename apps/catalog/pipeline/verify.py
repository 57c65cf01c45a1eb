"""The comparison of stored bytes with the catalog."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from apps.catalog import checksums, queries, storage
from apps.catalog.models import File

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault of one file, `missing`, `changed` or `unknown`, and a sentence about it."""

    name: str
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}: {self.text}"


def verify(step: Callable[[], object] = lambda: None) -> Iterator[Finding]:
    """Hash every stored file again and yield each that disagrees with the catalog; call `step` for each file.

    Rows are read after the folders, so that a file that arrives in between does not count as unknown.
    """
    stored = set(storage.stored_names())
    held = queries.held_files()
    for name in sorted(held.keys() | stored):
        step()
        if name not in stored:
            if storage.find_size(name) is None:
                yield Finding(name, "missing", "the catalog says that its bytes are held, but they are gone.")
        elif name not in held:
            yield Finding(name, "unknown", "is in the store, but no row says that its bytes are held.")
        elif text := _difference(held[name]):
            yield Finding(name, "changed", text)
    checksums.remove_old()


def _difference(file: File) -> str:
    """Return the difference between stored bytes and their row as a sentence, empty if there is none."""
    try:
        if (size := storage.find_size(file.name)) != file.size:
            return f"has {size} bytes; {file.size} were expected."
        if (digest := storage.read_sum(file.name)) != file.sha1sum:
            return f"has sha1sum {digest}; {file.sha1sum} was expected."
    except OSError as exc:
        return f"cannot be read: {exc.strerror}."
    return ""
