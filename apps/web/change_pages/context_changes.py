"""The references that changed between two contexts, by instrument and type."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

from django.conf import settings

from apps.rules.differences import ChangedReference, ChangeKind, reference_changes
from apps.rules.errors import CrdsError
from apps.rules.lookup.rules_as_rows import Listing
from apps.web.context_pages.known_rules import list_once
from apps.web.context_pages.outline import Outline, find_outline

PAIRS = 256  # pairs of rmaps whose changes are kept; files are immutable, so the changes stay true
_NO_RULES = Listing((), ())


@dataclass(frozen=True, slots=True)
class TypeChanges:
    """The changes for one reference type.

    Attributes
    ----------
    old, new
        Names of the rmaps, or the word in their place, such as ``N/A``. Empty if the context does not have
        the type.
    problem
        The reason why the rules cannot be compared; empty if they can.
    """

    instrument: str
    reftype: str
    old: str
    new: str
    changes: tuple[ChangedReference, ...] = ()
    problem: str = ""

    @property
    def is_pair(self) -> bool:
        """Return whether both contexts have rules."""
        return self.old.endswith(".rmap") and self.new.endswith(".rmap")

    @property
    def counts(self) -> dict[str, int]:
        """The number of references by kind of change."""
        names: dict[str, set[str]] = {change.value: set() for change in ChangeKind}
        for each in self.changes:
            names[each.change.value].update(each.references)
        return {change: len(found) for change, found in names.items()}


@dataclass(frozen=True)
class ContextChanges:
    """All changes between two contexts.

    Attributes
    ----------
    types
        The types whose rules differ, sorted by instrument and type.
    """

    old: str
    new: str
    types: tuple[TypeChanges, ...]

    @cached_property
    def totals(self) -> dict[str, int]:
        """The number of references by kind of change."""
        return {change.value: sum(each.counts[change.value] for each in self.types) for change in ChangeKind}

    @property
    def instruments(self) -> list[str]:
        """The instruments with changes, sorted."""
        return sorted({each.instrument for each in self.types})

    def of(self, instrument: str, reftype: str) -> list[TypeChanges]:
        """Return the types of an instrument, or of one name; empty texts mean all."""
        return [
            each
            for each in self.types
            if instrument in ("", each.instrument) and reftype in ("", each.reftype)
        ]


def context_changes(old: str, new: str) -> ContextChanges:
    """Return what changed from one context to another. A type whose rules cannot be read has a `problem`.

    Parameters
    ----------
    old, new
        Names of pmaps.

    Raises
    ------
    UnknownContextError, UnusableContextError
        Raised if a pmap or one of its imaps is not here.
    """
    before, after = (_types(find_outline(name, counted=False)) for name in (old, new))
    types = [
        _type_changes(*key, before.get(key, ""), after.get(key, ""))
        for key in sorted({**before, **after})
        if before.get(key, "") != after.get(key, "")
    ]
    return ContextChanges(old, new, tuple(types))


def _types(outline: Outline) -> dict[tuple[str, str], str]:
    """Return the rmap of each instrument and type, or the word in its place."""
    return {
        (instrument.name, reftype.name): reftype.rmap or reftype.word
        for instrument in outline.instruments
        for reftype in instrument.reftypes
    }


def _type_changes(instrument: str, reftype: str, old: str, new: str) -> TypeChanges:
    try:
        found = _changes_of(str(settings.ARTIFACT_ROOT), old, new)
    except CrdsError as exc:
        return TypeChanges(instrument, reftype, old, new, problem=str(exc))
    return TypeChanges(instrument, reftype, old, new, found)


@lru_cache(maxsize=PAIRS)
def _changes_of(site: str, old: str, new: str) -> tuple[ChangedReference, ...]:
    """Return the changes between two rmaps; the cache needs `site`, the store.

    An error is not kept, because the file may be restored.
    """
    return tuple(reference_changes(_rules(old), _rules(new)))


def _rules(rmap: str) -> Listing:
    return list_once(rmap) if rmap.endswith(".rmap") else _NO_RULES
