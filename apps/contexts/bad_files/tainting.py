"""The taint of a bad mapping: it spreads to every mapping that names it, directly or through another.

Source: website specification, section 8.1.2.
"""

from collections.abc import Collection, Iterable, Mapping

from apps.catalog import queries as catalog
from apps.catalog import usage
from apps.catalog.models import File
from apps.catalog.states import FileState
from apps.catalog.usage import official
from apps.contexts import queries
from apps.contexts.availability import closure
from apps.contexts.errors import UnusableContextError
from apps.contexts.models import Pointer
from apps.rules.errors import CrdsError

Children = Mapping[str, tuple[str, ...]]


def tainted(bad: Iterable[str], children: Children) -> set[str]:
    """Return every mapping that names one of `bad`, directly or through another.

    Examples
    --------
    >>> sorted(tainted(["r.rmap"], {"p.pmap": ("i.imap",), "i.imap": ("r.rmap",), "q.pmap": ()}))
    ['i.imap', 'p.pmap']
    """
    parents: dict[str, list[str]] = {}
    for parent, names in children.items():
        for name in names:
            parents.setdefault(name, []).append(parent)
    found: set[str] = set()
    waiting = list(bad)
    while waiting:
        above = [parent for parent in parents.get(waiting.pop(), []) if parent not in found]
        found.update(above)
        waiting.extend(above)
    return found


def children_of(names: Collection[str]) -> Children:
    """Return the mappings that each mapping directly names, sorted; none for an rmap.

    Raises
    ------
    UnusableContextError
        Raised if the text of a pmap or imap is not here, or could not be read.
    """
    found: dict[str, tuple[str, ...]] = {}
    wanted = sorted(names)
    for start in range(0, len(wanted), catalog.CHUNK):
        rows = File.objects.filter(name__in=wanted[start : start + catalog.CHUNK])
        found |= usage.children_by_parent(rows)
    unread = [name for name in wanted if name not in found and not name.endswith(".rmap")]
    if unread:
        raise UnusableContextError(
            f"The contents of {unread[0]} are unknown: its text is not here, or it is not a mapping."
        )
    return dict.fromkeys(wanted, ()) | found


def blacklisted_names() -> set[str]:
    """Return the names of all blacklisted mappings."""
    return set(official().filter(blacklisted=True).values_list("name", flat=True))


def stay_blacklisted(
    cleared: Collection[str], *, marked: Collection[str], blacklisted: Collection[str], children: Children
) -> set[str]:
    """Return the mappings that remain blacklisted when some are no longer marked bad themselves.

    Parameters
    ----------
    cleared
        The mappings now marked OK.
    marked
        All mappings that remain marked bad themselves.
    blacklisted
        All mappings that were blacklisted before.
    children
        Official pmap or imap to the mappings it names. A mapping that is not a key stays as it is, unless it
        is in `cleared`.

    Returns
    -------
    All mappings that are marked themselves, that name a marked one, directly or through another, or whose
    state is not affected by the change.

    Examples
    --------
    >>> children = {"p.pmap": ("i.imap",), "i.imap": ("a.rmap", "b.rmap")}
    >>> bad = {"a.rmap", "b.rmap", "i.imap", "p.pmap"}
    >>> sorted(stay_blacklisted({"a.rmap"}, marked={"b.rmap"}, blacklisted=bad, children=children))
    ['b.rmap', 'i.imap', 'p.pmap']
    >>> sorted(stay_blacklisted({"a.rmap"}, marked=set(), blacklisted=bad - {"b.rmap"}, children=children))
    []
    """
    touched = set(cleared) | tainted(cleared, children)
    sources = set(blacklisted) - touched | set(marked) & set(blacklisted)
    return set(blacklisted) & (sources | tainted(sources, children))


def in_latest(names: Iterable[str]) -> list[str]:
    """Return those of `names` that the latest context contains, references included, sorted.

    Raises
    ------
    UnusableContextError
        Raised if the latest context cannot be read.
    """
    latest = queries.find_pointed(Pointer.LATEST)
    if latest is None:
        return []
    try:
        contained = closure(latest)
    except CrdsError as exc:
        raise UnusableContextError(f"The latest context cannot be read: {exc}") from exc
    return sorted(contained.intersection(names))


def find_files(names: Collection[str]) -> tuple[dict[str, File], list[str]]:
    """Return the confirmed files of these names, by name, and the names without such a file, sorted."""
    plain = [name for name in names if len(name) <= 128 and "\0" not in name]
    rows = catalog.files_named(plain)
    found = {name: file for name, file in rows.items() if file.state != FileState.UPLOADED}
    return found, sorted(set(names) - found.keys())
