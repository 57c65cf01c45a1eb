"""Questions about the document: its versions, and the files that a new one concerns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from django.conf import settings

from apps.catalog.errors import UnknownFileError
from apps.catalog.models import File
from apps.catalog.queries import files_named
from apps.catalog.states import FileKind
from apps.contexts import queries as contexts
from apps.contexts.models import Pointer
from apps.jobs import queries as jobs
from apps.observatories import documents
from apps.observatories.models import DefinitionDraft, DefinitionVersion
from apps.rules.differences.definition_changes import broken_by
from apps.rules.observatories import get_observatory
from apps.rules.observatories.definition import Constraint, Definition
from apps.rules.observatories.definition_constraints import type_constraints
from apps.rules.observatories.overlay import Overlay

CHECK_KIND = "definition_check"  # The kind of the jobs that check drafts.
BATCH = 500  # rows that are read at once


@dataclass(frozen=True)
class AffectedType:
    """A type with other conditions than before.

    Attributes
    ----------
    old, new
        The conditions that only the one or the other document has.
    used
        Names of all references of the contexts in use.
    """

    instrument: str
    filekind: str
    old: tuple[Constraint, ...]
    new: tuple[Constraint, ...]
    used: frozenset[str]

    @cached_property
    def names(self) -> list[str]:
        """Names of the held references of the type that are in use."""
        rows = File.objects.filter(
            kind=FileKind.REFERENCE, instrument=self.instrument, filekind=self.filekind
        ).filter(held_at__isnull=False)
        return sorted(name for name in rows.values_list("name", flat=True) if name in self.used)

    @property
    def count(self) -> int:
        """The number of files in use."""
        return len(self.names)

    def files(self) -> Iterator[File]:
        """Yield the held references of the type that are in use, by name."""
        for begin in range(0, self.count, BATCH):
            found = files_named(self.names[begin : begin + BATCH])
            yield from (found[name] for name in self.names[begin : begin + BATCH] if name in found)


def affected_files(text: str) -> list[AffectedType]:
    """Return the types whose conditions a text changes, with the files in use of each."""
    old, new = documents.in_use(), documents.read(text)
    used = _used()
    found = []
    for instrument, kinds in get_observatory(settings.OBSERVATORY).types.items():
        for kind in kinds:
            before, after = _constraints(old, instrument, kind), _constraints(new, instrument, kind)
            if before != after:
                gone, added = tuple(before - after), tuple(after - before)
                found.append(AffectedType(instrument, kind, gone, added, used))
    return found


def _used() -> frozenset[str]:
    """Return the names of all references of the edit and the latest context."""
    names = {contexts.find_pointed(pointer) for pointer in (Pointer.EDIT, Pointer.LATEST)}
    return frozenset(name for context in names if context for name in contexts.reference_names(context))


def _constraints(document: documents.Document, instrument: str, kind: str) -> frozenset[Constraint]:
    if not isinstance(document, Definition):
        return frozenset(document.constraints_on(instrument, kind))
    known = document.instruments.get(instrument)
    if known is None or kind not in known.types:
        return frozenset()
    own = type_constraints(document, known, known.types[kind])
    return frozenset((*document.every_reference, *known.constraints, *own))


def breaks_of(old: documents.Document, new: documents.Document) -> list[str]:
    """Return what a new document breaks, as sentences: rules in use, or values that are withdrawn."""
    if isinstance(old, Definition) and isinstance(new, Definition):
        return broken_by(old, new)
    if isinstance(old, Overlay) and isinstance(new, Overlay):
        return list(_withdrawn_values(old, new))
    return []


def _withdrawn_values(old: Overlay, new: Overlay) -> Iterator[str]:
    for instrument, kinds in get_observatory(settings.OBSERVATORY).types.items():
        for kind in kinds:
            left = new.values_beyond(instrument, kind)
            for keyword, values in old.values_beyond(instrument, kind).items():
                if gone := sorted(set(values) - set(left.get(keyword, ()))):
                    yield f"{keyword} may no longer be {', '.join(gone)} for {instrument} {kind}."


def check_failure(draft: DefinitionDraft) -> str:
    """Return why the check of a draft ended without findings; empty while it waits or runs."""
    job = jobs.find_job(kind=CHECK_KIND, subject_id=draft.pk)
    if job is None or not job.is_over:
        return ""
    return jobs.result_of(job) or f"Internal error, incident {job.incident}."


def version_file(name: str) -> DefinitionVersion:
    """Return the version with a file of this name.

    Raises
    ------
    UnknownFileError
        Raised if there is none.
    """
    found = DefinitionVersion.objects.filter(name=name).first()
    if found is None:
        raise UnknownFileError(f"No version {name[:128]!r} was published here.")
    return found
