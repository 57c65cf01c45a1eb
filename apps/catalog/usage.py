"""Queries about mappings and the files that they name, in both directions."""

from collections.abc import Collection, Iterable, Iterator

from django.db import connection
from django.db.models import Q, QuerySet

from apps.catalog.models import File, MappingContents, NamedMapping, ReferenceDifference
from apps.catalog.queries import CHUNK
from apps.catalog.states import FileKind, FileState

_UPPER = Q(name__endswith=".pmap") | Q(name__endswith=".imap")
_FILES = File._meta.db_table
_CONTENTS = MappingContents._meta.db_table
_DIFFERENCES = ReferenceDifference._meta.db_table

# An rmap names the references that it adds, and so do its followers until one of them drops it.
_NAMING = f"""
    WITH RECURSIVE naming(reference, rmap) AS (
        SELECT reference, rmap_id FROM {_DIFFERENCES} WHERE is_added AND reference IN (%(marks)s)
        UNION
        SELECT naming.reference, follower.file_id
        FROM naming JOIN {_CONTENTS} follower ON follower.base_id = naming.rmap
        WHERE NOT EXISTS (
            SELECT 1 FROM {_DIFFERENCES} other
            WHERE other.reference = naming.reference AND other.rmap_id = follower.file_id
        )
    )
    SELECT DISTINCT file.name FROM naming JOIN {_FILES} file ON file.id = naming.rmap
    WHERE file.state <> %%s
"""  # noqa: S608 (the names of our own tables)

# The differences of an rmap, its base, the base of that, and so on: the oldest first.
_HISTORY = f"""
    WITH RECURSIVE history(rmap, age) AS (
        SELECT file_id, 0 FROM {_CONTENTS} WHERE file_id = %s
        UNION ALL
        SELECT own.base_id, age + 1 FROM history JOIN {_CONTENTS} own ON own.file_id = history.rmap
        WHERE own.base_id IS NOT NULL
    )
    SELECT reference, is_added FROM history JOIN {_DIFFERENCES} ON rmap_id = history.rmap ORDER BY age DESC
"""  # noqa: S608


def official() -> QuerySet[File]:
    """Return the confirmed mappings."""
    return File.objects.filter(kind=FileKind.MAPPING).exclude(state=FileState.UPLOADED)


def rmaps_naming(references: Collection[str]) -> set[str]:
    """Return the confirmed rmaps that directly name at least one of `references`."""
    found: set[str] = set()
    for names in _chunks(references):
        with connection.cursor() as cursor:
            marks = ", ".join(["%s"] * len(names))
            cursor.execute(_NAMING % {"marks": marks}, [*names, FileState.UPLOADED])
            found.update(name for (name,) in cursor.fetchall())
    return found


def parents_of(names: Collection[str]) -> set[str]:
    """Return the confirmed pmaps and imaps that directly name at least one of the mappings `names`."""
    rows = NamedMapping.objects.exclude(parent__file__state=FileState.UPLOADED)
    return {
        parent
        for chunk in _chunks(names)
        for parent in rows.filter(child__in=chunk).values_list("parent__file__name", flat=True)
    }


def naming(file: File) -> set[str]:
    """Return the confirmed mappings that directly name a file."""
    return rmaps_naming([file.name]) if file.kind == FileKind.REFERENCE else parents_of([file.name])


def above(names: Collection[str]) -> set[str]:
    """Return the confirmed mappings that name at least one of `names`, directly or through another."""
    found: set[str] = set()
    fresh = set(names)
    while fresh := parents_of(fresh) - found:
        found |= fresh
    return found


def contexts_with(names: Collection[str]) -> set[str]:
    """Return the confirmed mappings whose closure contains at least one of `names`, files of any kind."""
    own = {name for name in names if name.endswith((".pmap", ".imap", ".rmap"))}
    direct = own | rmaps_naming(set(names) - own)
    return direct | above(direct)


def children_by_parent(files: QuerySet[File]) -> dict[str, tuple[str, ...]]:
    """Return the names in each pmap and imap, sorted, by its name; those that were not read are left out."""
    read = files.filter(_UPPER, contents__isnull=False)
    found: dict[str, list[str]] = {name: [] for name in read.values_list("name", flat=True)}
    pairs = NamedMapping.objects.filter(parent__file__in=read.order_by())
    for parent, child in pairs.values_list("parent__file__name", "child"):
        found[parent].append(child)
    return {parent: tuple(sorted(children)) for parent, children in found.items()}


def unread() -> list[str]:
    """Return the confirmed pmaps and imaps whose contents are not noted, sorted."""
    return sorted(official().filter(_UPPER, contents=None).values_list("name", flat=True))


def find_rmap(name: str) -> tuple[int, frozenset[str]] | None:
    """Return the key of an rmap and the references it names, or None if its contents are not noted."""
    if not name.endswith(".rmap"):
        return None
    key = MappingContents.objects.filter(file__name=name).values_list("pk", flat=True).first()
    if key is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_HISTORY, [key])
        return key, frozenset(_replayed(cursor.fetchall()))


def _replayed(rows: Iterable[tuple[str, bool]]) -> set[str]:
    names: set[str] = set()
    for reference, is_added in rows:
        (names.add if is_added else names.discard)(reference)
    return names


def keys_without_contents(names: Collection[str]) -> dict[str, int]:
    """Return the keys of those files that are held and whose contents are not noted."""
    rows = File.objects.filter(contents=None, held_at__isnull=False)
    found: dict[str, int] = {}
    for chunk in _chunks(names):
        found.update(rows.filter(name__in=chunk).values_list("name", "pk"))
    return found


def _chunks(names: Collection[str]) -> Iterator[list[str]]:
    ordered = sorted(names)
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]
