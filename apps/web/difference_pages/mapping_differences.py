"""The differences of mappings, kept in memory for a while: files are immutable, so nothing here expires."""

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

from django.conf import settings

from apps.catalog import queries as catalog
from apps.catalog.errors import UnknownFileError
from apps.catalog.models import File
from apps.contexts import queries as contexts
from apps.rules.differences import (
    ChangedMapping,
    Difference,
    Differences,
    DiffLine,
    Hunk,
    changed_mappings,
    hunks,
    logical_differences,
    text_differences,
)
from apps.rules.errors import CrdsError
from apps.web.difference_pages.compared_files import Source, of_row

# What a page of many mappings shows at once; what is beyond has a page of its own.
LINES_OF_PANEL = 200  # changed lines of one mapping
LINES_OF_PAGE = 400  # changed lines of all that are shown
PANELS_OF_PAGE = 150  # Of more nothing is shown but titles and links.
BYTES_OF_PAGE = 2 << 20  # of the mappings that are read for it

CONTEXTS = (3, 25)  # equal lines shown around a change, the first unless asked otherwise

Asked = ParamSpec("Asked")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of added and removed lines."""

    added: int
    removed: int

    @property
    def lines(self) -> int:
        """Both together."""
        return self.added + self.removed


@dataclass(frozen=True)
class Panel:
    """One mapping that changed, as a page of many shows it.

    Attributes
    ----------
    old, new
        Names; one is empty where there is nothing to compare with.
    counts
        How much changed; None if it could not be found out.
    problem
        Why that, or the table, is missing.
    table, hunks
        What changed; None and empty if it is too much to be shown with others.
    """

    old: str
    new: str
    counts: Counts | None = None
    problem: str = ""
    table: Differences | None = None
    hunks: tuple[Hunk, ...] = ()

    @property
    def title(self) -> str:
        """The old and the new name as one text."""
        return f"{self.old or 'nothing'} --> {self.new or 'nothing'}"

    @property
    def anchor(self) -> str:
        """Its name in an address."""
        return self.new or self.old

    @property
    def names(self) -> list[str]:
        """The names there are, each once."""
        return list(dict.fromkeys(filter(None, (self.old, self.new))))

    @property
    def is_pair(self) -> bool:
        """Return whether there are two mappings to compare."""
        return bool(self.old and self.new)

    @property
    def is_shown(self) -> bool:
        """Return whether there are changes to show."""
        return self.table is not None or bool(self.hunks)


@dataclass
class Library:
    """The mappings that two of one level lead to, their rows asked for at once."""

    old: Source
    new: Source
    _rows: dict[str, File] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names: set[str] = set()
        for source in (self.old, self.new):
            try:
                # What both have in common need not be asked for.
                names ^= set(contexts.mapping_names(source.name)) if source.row else set()
            except CrdsError:
                continue  # Whatever is missing is asked for by itself, and then named.
        self._rows = catalog.files_named(names)

    def changed(self) -> list[ChangedMapping]:
        """Return what changed, top-down.

        Raises
        ------
        MappingError, NotHeldError, DamagedFileError, UnknownFileError
            Raised if a pmap or imap is not here or cannot be read.
        """
        if self.old.name == self.new.name:
            return [ChangedMapping(self.old.name, self.new.name)]
        walk = changed_mappings(self.old.name, self.new.name, lambda name: text_of(self.source(name)))
        return [ChangedMapping(posixpath.basename(one.old), posixpath.basename(one.new)) for one in walk]

    def pair(self, changed: ChangedMapping) -> tuple[Source, Source]:
        """Return both mappings of a pair; errors as `changed`."""
        if (changed.old, changed.new) == (self.old.name, self.new.name):
            return self.old, self.new
        return self.source(changed.old), self.source(changed.new)

    def source(self, name: str) -> Source:
        """Return one mapping; errors as `changed`."""
        name = posixpath.basename(name)
        for source in (self.old, self.new):
            if source.name == name:
                return source
        row = self._rows.get(name) or catalog.find_file(name)
        if row is None:
            raise UnknownFileError(f"There is no file {name!r} in CRDS.")
        self._rows[name] = row
        return of_row(row)


def panels(library: Library) -> Iterator[Panel]:
    """Yield what changed between two contexts, mapping by mapping; errors as `Library.changed`."""
    lines, size = 0, 0
    every = library.changed()
    room = LINES_OF_PAGE if len(every) <= PANELS_OF_PAGE else 0
    for changed in every:
        if not changed.is_pair:
            yield Panel(changed.old, changed.new)
            continue
        try:
            old, new = library.pair(changed)
            counts = counts_of(old, new)
        except CrdsError as exc:
            yield Panel(changed.old, changed.new, problem=str(exc))
            continue
        lines, size = lines + counts.lines, size + old.size + new.size
        if counts.lines > LINES_OF_PANEL or lines > room or size > BYTES_OF_PAGE:
            lines, size = lines - counts.lines, size - old.size - new.size
            yield Panel(changed.old, changed.new, counts)
            continue
        yield _shown(changed, counts, old, new)


def _shown(changed: ChangedMapping, counts: Counts, old: Source, new: Source) -> Panel:
    table, problem = None, ""
    try:
        table = small_table_of(old, new)
    except CrdsError as exc:
        problem = str(exc)
    return Panel(changed.old, changed.new, counts, problem, table, small_hunks_of(old, new))


@dataclass(frozen=True, slots=True)
class ExportedRow:
    """One difference, as the export of many mappings tells it."""

    old: str
    new: str
    difference: Difference
    columns: tuple[str, ...]

    @property
    def where(self) -> str:
        """Parkeys and their values."""
        pairs = zip(self.columns, self.difference.path, strict=False)
        return "; ".join(f"{column}={value}" for column, value in pairs if value)


def exported_rows(library: Library) -> Iterator[ExportedRow]:
    """Yield every difference of every mapping that changed; errors as of `Library` and of tables."""
    for changed in library.changed():
        if changed.is_pair:
            table = large_table_of(*library.pair(changed))
            yield from (ExportedRow(changed.old, changed.new, row, table.columns) for row in table.rows)


def kept(most: int) -> Callable[[Callable[Asked, Found]], Callable[Asked, Found]]:
    """Keep the last `most` answers in memory, but of files that are there for one request alone."""

    def decorate(function: Callable[Asked, Found]) -> Callable[Asked, Found]:
        keeping = lru_cache(maxsize=most)(function)

        @wraps(function)
        def answer(*args: Asked.args, **kwargs: Asked.kwargs) -> Found:
            if any(isinstance(arg, Source) and arg.is_uploaded for arg in args):
                return function(*args, **kwargs)
            return keeping(*args, **kwargs)  # type: ignore[arg-type]

        return answer

    return decorate


@kept(128)
def text_of(source: Source) -> str:
    """Return the text of a mapping; errors as `Source.text`."""
    return source.text()


@kept(4096)
def counts_of(old: Source, new: Source) -> Counts:
    """Return how many lines differ; errors as `Source.text`."""
    kinds = [line.kind for line in _lines(old, new, 0)]
    return Counts(kinds.count("added"), kinds.count("removed"))


def table_of(old: Source, new: Source) -> Differences:
    """Return the logical differences of two mappings; errors as `logical_differences` and `Source.text`."""
    return logical_differences(
        text_of(old),
        text_of(new),
        old_name=old.name,
        new_name=new.name,
        observatory=settings.OBSERVATORY,
    )


def hunks_of(old: Source, new: Source, context: int = CONTEXTS[0]) -> tuple[Hunk, ...]:
    """Return the lines in which two texts differ; errors as `Source.text`."""
    return hunks(_lines(old, new, context))


# Most pairs are small; of the others few may stay in memory, for one may take megabytes.
small_table_of, large_table_of = kept(512)(table_of), kept(16)(table_of)
small_hunks_of, large_hunks_of = kept(512)(hunks_of), kept(16)(hunks_of)


def _lines(old: Source, new: Source, context: int) -> tuple[DiffLine, ...]:
    return text_differences(text_of(old), text_of(new), old_name=old.name, new_name=new.name, context=context)
