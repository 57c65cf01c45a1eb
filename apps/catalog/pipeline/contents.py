"""The writer of the tables of contents of mappings, in the transaction that marks their bytes as held."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import connection, transaction
from django.db.models import Model

from apps.catalog import usage
from apps.catalog.ledger_lock import lock_ledger
from apps.catalog.mapping_text import Named, look
from apps.catalog.models import File, MappingContents, NamedMapping, ReferenceDifference
from apps.catalog.reading import load_text
from apps.catalog.states import FileKind
from apps.rules.errors import CrdsError
from apps.rules.naming.file_names import is_mapping

logger = logging.getLogger(__name__)

ROWS = 2000  # rows written in one statement
FILES = 200  # mappings noted in one transaction


@dataclass(frozen=True, slots=True)
class _Rmap:
    """An rmap that is noted: the key of its row, and the references it names."""

    key: int
    references: frozenset[str]


@dataclass
class Notes:
    """The rmaps that a run has noted so far, so that later rmaps are compared with them in memory."""

    rmaps: dict[str, _Rmap] = field(default_factory=dict)
    newest: dict[tuple[str, str], _Rmap] = field(default_factory=dict)

    def base_of(self, named: Named) -> _Rmap | None:
        """Return the rmap that the differences of another are counted from; any rmap gives a right answer."""
        name = named.derived_from
        if name not in self.rmaps and (found := usage.find_rmap(name)):
            self.rmaps[name] = _Rmap(*found)
        return self.rmaps.get(name) or self.newest.get((named.instrument, named.filekind))

    def add(self, name: str, key: int, named: Named) -> None:
        """Remember an rmap."""
        rmap = _Rmap(key, frozenset(named.references))
        self.rmaps[name] = self.newest[named.instrument, named.filekind] = rmap


def note(found: Mapping[str, Named], notes: Notes | None = None) -> None:
    """Write the contents of mappings to the tables; contents that are noted already stay.

    Parameters
    ----------
    found
        The contents of each mapping by its name, older rmaps of a type before newer ones.
    notes
        The notes of the run, if it notes many mappings.
    """
    lock_ledger()  # If two processes note the same mapping, the second one sees the rows of the first.
    notes = Notes() if notes is None else notes
    keys = usage.keys_without_contents(found)
    contents: list[MappingContents] = []
    children: list[tuple[int, str]] = []
    differences: list[tuple[int, str, bool]] = []
    for name in filter(keys.__contains__, found):
        named, key = found[name], keys[name]
        base, differing = _compare(named, notes)
        contents.append(MappingContents(file_id=key, base_id=base))
        children += [(key, child) for child in named.children]
        differences += [(key, *difference) for difference in differing]
        if name.endswith(".rmap"):
            notes.add(name, key, named)
    MappingContents.objects.bulk_create(contents, batch_size=ROWS)
    _insert(NamedMapping, ("parent_id", "child"), children)
    _insert(ReferenceDifference, ("rmap_id", "reference", "is_added"), differences)


def _compare(named: Named, notes: Notes) -> tuple[int | None, list[tuple[str, bool]]]:
    """Return the key of the base, and each reference with whether the mapping, or only its base, names it."""
    names = frozenset(named.references)
    base = notes.base_of(named) if names else None
    differing = names ^ base.references if base else names
    if len(differing) > len(names):
        base, differing = None, names
    return (base.key if base else None), [(name, name in names) for name in sorted(differing)]


def _insert(model: type[Model], columns: Sequence[str], rows: Sequence[tuple[int | str, ...]]) -> None:
    """Insert many small rows without making model objects, which would take several times as long."""
    quote = connection.ops.quote_name
    listed, marks = ", ".join(map(quote, columns)), ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {quote(model._meta.db_table)} ({listed}) VALUES ({marks})",  # noqa: S608 (our own names)
            rows,
        )


def note_stored(files: Iterable[File], notes: Notes | None = None) -> list[str]:
    """Read the mappings among the files from the store and note their contents; return those not read.

    A text that was altered, or is not a mapping, is logged and the others are noted. `note_missing` tries it
    again.
    """
    found: dict[str, Named] = {}
    unread: list[str] = []
    for file in files:
        if not is_mapping(file.name):
            continue
        try:
            found[file.name] = look(load_text(file), is_rmap=file.name.endswith(".rmap")).named
        except CrdsError as exc:
            logger.warning("The contents of %s could not be read: %s", file.name, exc)
            unread.append(file.name)
    note(found, notes)
    return unread


def note_missing(step: Callable[[int], object] = lambda _count: None) -> list[str]:
    """Note every held mapping that is not noted yet, some at a time, and return those that cannot be read.

    It may be killed and called again at any time.
    """
    rows = File.objects.filter(kind=FileKind.MAPPING, held_at__isnull=False, contents=None)
    # Migration 0005 calls this function, so it reads only columns that the table had from the beginning.
    files = list(rows.only("name", "size", "sha1sum", "held_at").order_by("name"))
    notes, unread = Notes(), []
    for start in range(0, len(files), FILES):
        batch = files[start : start + FILES]
        with transaction.atomic():
            unread += note_stored(batch, notes)
        step(len(batch))
    return unread
