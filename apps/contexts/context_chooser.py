"""The contexts that a page offers for a choice (website specification, section 5.4)."""

import heapq
import re
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from apps.catalog import queries as catalog
from apps.catalog.models import File
from apps.catalog.states import FileKind, FileState
from apps.contexts import queries
from apps.contexts.availability import incomplete_contexts
from apps.contexts.models import Pointer
from apps.contexts.states import ContextChoice
from apps.rules.errors import CrdsError

MENU = 25  # recent contexts in the menu


@dataclass(frozen=True, slots=True)
class Candidate:
    """A context that somebody may choose.

    Attributes
    ----------
    delivered_at
        Aware UTC.
    is_available
        Whether all its files are available; this is not checked for contexts in the menu.
    """

    choice: ContextChoice
    name: str
    delivered_at: datetime
    is_available: bool = True

    @property
    def title(self) -> str:
        """The text of the closed panel."""
        remark = "" if self.is_available else "*unavailable* "
        return f"{self.name} {self.delivered_at:%Y-%m-%d %H:%M} {remark}({self.choice.label})"


@dataclass(frozen=True, slots=True)
class ContextChooser:
    """The contexts to choose from; a pointer that was never set is None."""

    edit: Candidate | None
    latest: Candidate | None
    recent: tuple[Candidate, ...]


def find_choices() -> ContextChooser:
    """Return the contexts to choose from now."""
    recent = tuple(
        Candidate(ContextChoice.RECENT, file.name, file.delivered_at) for file in recent_contexts()
    )
    incomplete = incomplete_contexts()
    edit = _pointed(ContextChoice.EDIT, Pointer.EDIT, incomplete)
    latest = _pointed(ContextChoice.LATEST, Pointer.LATEST, incomplete)
    return ContextChooser(edit, latest, recent)


def _pointed(choice: ContextChoice, pointer: Pointer, incomplete: set[str]) -> Candidate | None:
    name = queries.find_pointed(pointer)
    return find_candidate(choice, name, incomplete) if name else None


def find_candidate(choice: ContextChoice, name: str, incomplete: set[str] | None = None) -> Candidate | None:
    """Return a context with the parts of its title, or None if no official context has this name.

    `incomplete` are the `incomplete_contexts`, for callers that ask for several contexts.
    """
    try:
        file = queries.get_pmap(name)
    except CrdsError:
        return None
    if incomplete is None:
        incomplete = incomplete_contexts()
    return Candidate(choice, name, file.delivered_at, is_available=name not in incomplete)


def official_contexts() -> QuerySet[File]:
    """Return the rows of all confirmed pmaps."""
    rows = File.objects.filter(kind=FileKind.MAPPING, instrument="", name__endswith=".pmap")
    return rows.exclude(state=FileState.UPLOADED)


def recent_contexts() -> list[File]:
    """Return the contexts that were delivered last, the newest first."""
    names = newest_contexts(MENU)
    found = catalog.files_named(names)
    return [found[name] for name in names]


def newest_contexts(count: int) -> list[str]:
    """Return the names of the contexts that were delivered last, the newest first."""
    names = official_contexts().values_list("name", flat=True)
    return heapq.nlargest(count, names, key=delivery_order)


def delivery_order(name: str) -> tuple[int, str]:
    """Return the sort key that puts contexts in the order of delivery.

    Serials are given in this order, while the delivery time of an imported context is often unknown.

    Examples
    --------
    >>> sorted(["tobs_1200.pmap", "tobs_0999.pmap", "tobs.pmap", "tobs_10000.pmap"], key=delivery_order)
    ['tobs.pmap', 'tobs_0999.pmap', 'tobs_1200.pmap', 'tobs_10000.pmap']
    """
    found = re.search(r"_([0-9]{1,12})\.pmap$", name)
    return (int(found[1]) if found else -1), name


def next_context(name: str) -> File | None:
    """Return the context delivered directly after `name`, or None if there is none."""
    names = official_contexts().values_list("name", flat=True)
    later = [other for other in names if delivery_order(other) > delivery_order(name)]
    return catalog.find_file(min(later, key=delivery_order)) if later else None


def is_newer_banner(name: str) -> bool:
    """Return whether the home page shows no build context yet, or one delivered before `name`."""
    shown = queries.banner()
    return shown is None or delivery_order(name) > delivery_order(shown.context)
