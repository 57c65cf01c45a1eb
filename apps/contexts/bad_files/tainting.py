"""What a bad mapping taints: every mapping that names it, directly or through another.

Source: website specification, section 8.1.2.
"""

import logging
import posixpath
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q, QuerySet

from apps.catalog import queries as catalog
from apps.catalog.mapping_text import tainted
from apps.catalog.models import File
from apps.catalog.reading import load_text
from apps.catalog.states import FileKind, FileState
from apps.contexts import queries
from apps.contexts.availability import closure
from apps.contexts.errors import UnusableContextError
from apps.contexts.models import Pointer
from apps.rules.errors import CrdsError
from apps.rules.lookup.compiler import compile_mapping
from apps.rules.observatories import get_observatory

logger = logging.getLogger(__name__)

Children = Mapping[str, tuple[str, ...]]

# By sha1sum and not by name: while a transaction may yet fail, its names may come to mean other bytes.
_known: dict[str, tuple[str, ...]] = {}


@dataclass(frozen=True, slots=True)
class Family:
    """Which mappings name which.

    Attributes
    ----------
    children
        Official pmap or imap to the mappings it names.
    parents
        Mapping to those that name it.
    unread
        Pmaps and imaps whose text is not here or cannot be read, sorted: what they name nobody here can tell.
    """

    children: Children
    parents: Mapping[str, set[str]]
    unread: tuple[str, ...]

    def above(self, name: str) -> set[str]:
        """Return every mapping that names `name`, directly or through another."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            fresh = self.parents.get(waiting.pop(), set()) - found
            found |= fresh
            waiting.extend(fresh)
        return found


def family() -> Family:
    """Return what all official pmaps and imaps name; those of HST take a second the first time."""
    children: dict[str, tuple[str, ...]] = {}
    parents: dict[str, set[str]] = {}
    unread = []
    rows = official().filter(Q(name__endswith=".pmap") | Q(name__endswith=".imap"))
    for file in rows.only("name", "size", "sha1sum", "held_at").order_by("name"):
        below = _find_children(file)
        if below is None:
            unread.append(file.name)
            continue
        children[file.name] = below
        for name in below:
            parents.setdefault(name, set()).add(file.name)
    return Family(children, parents, tuple(unread))


def _find_children(file: File) -> tuple[str, ...] | None:
    """Return what a mapping names, or None if nobody can tell."""
    try:
        return children_of(file) if file.is_held else None
    except CrdsError as exc:
        logger.warning("What %s names cannot be told: %s", file.name, exc)
        return None


def official() -> QuerySet[File]:
    """Return the confirmed mappings."""
    return File.objects.filter(kind=FileKind.MAPPING).exclude(state=FileState.UPLOADED)


def children_of(file: File) -> tuple[str, ...]:
    """Return the mappings that a mapping itself names, sorted; none for an rmap.

    Raises
    ------
    DamagedFileError, NotHeldError, MappingError
        Raised if its text is not here or cannot be read. A wrong sha1sum inside it does not matter.
    """
    if file.name.endswith(".rmap"):
        return ()
    if not file.is_held or file.sha1sum not in _known:
        _known[file.sha1sum] = _read_children(file)
    return _known[file.sha1sum]


def _read_children(file: File) -> tuple[str, ...]:
    observatory = get_observatory(settings.OBSERVATORY)
    mapping = compile_mapping(load_text(file), name=file.name, observatory=observatory, verify_checksum=False)
    # A directory part, as in a few old contexts, is no part of the name.
    return tuple(sorted({posixpath.basename(child) for child in mapping.children}))


def blacklisted_names() -> set[str]:
    """Return the names of all blacklisted mappings."""
    return set(official().filter(blacklisted=True).values_list("name", flat=True))


def stay_blacklisted(
    cleared: Collection[str], *, marked: Collection[str], blacklisted: Collection[str], children: Children
) -> set[str]:
    """Return which mappings remain blacklisted when some are no longer marked bad themselves.

    Parameters
    ----------
    cleared
        The mappings now marked OK.
    marked
        All mappings that remain marked bad themselves.
    blacklisted
        All that were blacklisted before.
    children
        As in `Family`. A mapping that is no key stays as it is, unless it is in `cleared`.

    Returns
    -------
    All mappings that are marked themselves, that name one which is, directly or not, or whose state the
    change does not touch.

    Examples
    --------
    >>> children = {"p.pmap": ("i.imap",), "i.imap": ("a.rmap", "b.rmap")}
    >>> bad = {"a.rmap", "b.rmap", "i.imap", "p.pmap"}
    >>> sorted(stay_blacklisted({"a.rmap"}, marked={"b.rmap"}, blacklisted=bad, children=children))
    ['b.rmap', 'i.imap', 'p.pmap']
    >>> sorted(stay_blacklisted({"a.rmap"}, marked=set(), blacklisted=bad - {"b.rmap"}, children=children))
    []
    """
    touched = set(cleared) | tainted(cleared, dict(children))
    sources = set(blacklisted) - touched | set(marked) & set(blacklisted)
    return set(blacklisted) & (sources | tainted(sources, dict(children)))


def in_latest(names: Iterable[str]) -> list[str]:
    """Return those of `names` that the latest context contains, references included, sorted.

    Raises
    ------
    UnusableContextError
        Raised if nobody can tell, because the latest context cannot be read.
    """
    latest = queries.find_pointed(Pointer.LATEST)
    if latest is None:
        return []
    try:
        contained = closure(latest)
    except CrdsError as exc:
        raise UnusableContextError(f"What the latest context contains cannot be told: {exc}") from exc
    return sorted(contained.intersection(names))


def find_files(names: Collection[str]) -> tuple[dict[str, File], list[str]]:
    """Return the confirmed files of these names, by name, and the names that are none, sorted."""
    plain = [name for name in names if len(name) <= 128 and "\0" not in name]
    rows = catalog.files_named(plain)
    found = {name: file for name, file in rows.items() if file.state != FileState.UPLOADED}
    return found, sorted(set(names) - found.keys())
