"""Notes what mappings name, in the transaction in which their rows come to say that their bytes are held."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import connection, transaction
from django.db.models import Model

from apps.catalog import usage
from apps.catalog.ledger_lock import take_turn
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
    """What a run has noted so far, so that a later rmap is compared with an earlier one in memory."""

    rmaps: dict[str, _Rmap] = field(default_factory=dict)
    newest: dict[tuple[str, str], _Rmap] = field(default_factory=dict)

    def base_of(self, named: Named) -> _Rmap | None:
        """Return the rmap to whose references those of another are noted as differences; any one will do."""
        name = named.derived_from
        if name not in self.rmaps and (found := usage.find_rmap(name)):
            self.rmaps[name] = _Rmap(*found)
        return self.rmaps.get(name) or self.newest.get((named.instrument, named.filekind))

    def add(self, name: str, key: int, named: Named) -> None:
        """Remember an rmap."""
        rmap = _Rmap(key, frozenset(named.references))
        self.rmaps[name] = self.newest[named.instrument, named.filekind] = rmap


def note(found: Mapping[str, Named], notes: Notes | None = None) -> None:
    """Note what mappings name; what is noted already stays.

    Parameters
    ----------
    found
        What each mapping names, by its own name, older rmaps of a type before newer ones.
    notes
        Those of the run, if it notes many mappings.
    """
    take_turn()  # Of two that note the same mapping the second one sees it.
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
    """Insert many small rows; as objects of their model they would take several times as long."""
    quote = connection.ops.quote_name
    listed, marks = ", ".join(map(quote, columns)), ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {quote(model._meta.db_table)} ({listed}) VALUES ({marks})",  # noqa: S608 (our own names)
            rows,
        )


def note_stored(files: Iterable[File], notes: Notes | None = None) -> list[str]:
    """Note what those of the files name that are mappings, read from the store; return what cannot be read.

    A text that is altered or no mapping is logged and hinders nothing else. `note_missing` tries it again.
    """
    found: dict[str, Named] = {}
    unread: list[str] = []
    for file in files:
        if not is_mapping(file.name):
            continue
        try:
            found[file.name] = look(load_text(file), is_rmap=file.name.endswith(".rmap")).named
        except CrdsError as exc:
            logger.warning("What %s names cannot be told: %s", file.name, exc)
            unread.append(file.name)
    note(found, notes)
    return unread


def note_missing(step: Callable[[int], object] = lambda _count: None) -> list[str]:
    """Note every held mapping that is not noted yet, some at a time, and return those that cannot be read.

    It may be killed and called again at any time.
    """
    rows = File.objects.filter(kind=FileKind.MAPPING, held_at__isnull=False, contents=None)
    # Columns that have been there since the table was made: a migration calls this, too.
    files = list(rows.only("name", "size", "sha1sum", "held_at").order_by("name"))
    notes, unread = Notes(), []
    for start in range(0, len(files), FILES):
        batch = files[start : start + FILES]
        with transaction.atomic():
            unread += note_stored(batch, notes)
        step(len(batch))
    return unread
