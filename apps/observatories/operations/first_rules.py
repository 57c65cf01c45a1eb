"""The first rules of an observatory, and of the types that a new definition adds."""

from __future__ import annotations

import hashlib
import io
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from django.conf import settings
from django.db import transaction

from apps.catalog import audit, storage
from apps.catalog import operations as catalog
from apps.catalog import queries as files
from apps.catalog.ledger_lock import lock_ledger
from apps.catalog.models import Action
from apps.catalog.reading import load_sources
from apps.catalog.states import FileState
from apps.catalog.taken_names import taken_names
from apps.contexts import operations as contexts
from apps.contexts import queries as contexts_queries
from apps.contexts.models import ContextChange, Pointer
from apps.core.errors import ConflictError
from apps.observatories.operations.version_records import record_first
from apps.rules.differences.definition_changes import broken_by
from apps.rules.naming.official_names import next_serial, numbered_name
from apps.rules.observatories import find_definition
from apps.rules.observatories.definition import Definition
from apps.rules.text.derived_mappings import Base, derived_context, renamed
from apps.rules.text.first_mappings import FirstMapping, first_imap, first_mappings, first_rmap


@dataclass
class Started:
    """The objects that were missing and have been made."""

    files: int = 0
    pointers: int = 0
    context: str = ""


def require_definition() -> Definition:
    """Return the definition of the served observatory.

    Raises
    ------
    ConflictError
        Raised if this server serves an observatory that needs no definition.
    """
    definition = find_definition(settings.OBSERVATORY)
    if definition is None:
        raise ConflictError(f"This server serves {settings.OBSERVATORY}, which the client knows by itself.")
    return definition


def start(*, user: str) -> Started:
    """Make the first context of the served observatory, and point edit and latest at it.

    A context that is there already is left alone. The operation may be killed and called again, also after
    the definition was corrected. Nothing uses the mappings before a pointer moves, so a mapping whose text
    has changed gets the next number.

    Raises
    ------
    ConflictError
        Raised if this server serves an observatory that needs no definition.
    """
    definition = require_definition()
    reason = f"The first rules of {definition.title}, from version {definition.version} of its definition."
    started = Started(context=_first_context())
    if not started.context:
        for mapping in _numbered_mappings(definition):
            started.context = mapping.name
            if not _is_held(mapping.name):
                _add(mapping, user=user, reason=reason)
                started.files += 1
    for pointer in (Pointer.EDIT, Pointer.LATEST):
        if not ContextChange.objects.filter(pointer=pointer).exists():
            contexts.set_context(pointer=pointer, context=started.context, user=user, reason=reason)
            started.pointers += 1
    record_first(user=user, why=reason)
    return started


def is_started() -> bool:
    """Return whether this server has a context."""
    return ContextChange.objects.filter(pointer=Pointer.EDIT).exists()


def _first_context() -> str:
    """Return the first context that was ever edit; empty if there was none."""
    first = ContextChange.objects.filter(pointer=Pointer.EDIT).order_by("pk").first()
    return first.context if first else ""


def _numbered_mappings(definition: Definition) -> Iterator[FirstMapping]:
    """Yield the first mappings in their order, each under the first number that no other text has."""
    rmaps: dict[str, dict[str, str]] = {}
    imaps: dict[str, str] = {}
    for first in first_mappings(definition):
        if first.filekind:
            mapping = _first_free(definition, first, {})
            rmaps.setdefault(first.instrument, {})[first.filekind] = mapping.name
        elif first.instrument:
            mapping = _first_free(definition, first, rmaps[first.instrument])
            imaps[first.instrument] = mapping.name
        else:
            mapping = _first_free(definition, first, imaps)
        yield mapping


def _first_free(definition: Definition, first: FirstMapping, children: Mapping[str, str]) -> FirstMapping:
    """Return a first mapping with its children, under the first number that no other text has."""
    stem, extension = first.name.rpartition("_")[0], PurePath(first.name).suffix
    origin = _origin(definition)
    for serial in itertools.count(1):
        name = numbered_name(stem, extension, serial)
        if children:
            text = derived_context(first.text, base=origin, name=name, changes=children)
        else:
            text = renamed(first.text, name=name, derived_from=origin)
        if not _has_other_text(name, text):
            break
    return FirstMapping(name, first.instrument, first.filekind, text)


def _has_other_text(name: str, text: str) -> bool:
    file = files.find_file(name)
    if file is None:
        return storage.has_other_bytes(name, text.encode())
    return file.sha1sum != hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Changed:
    """Result of a new definition: new types, and the context that has them; empty if there is none."""

    added: tuple[str, ...] = ()
    context: str = ""


@transaction.atomic
def change(
    new: Definition, *, user: str, reason: str, is_accepted: bool = False, details: str = ""
) -> Changed:
    """Make the first rmaps of the types that a new definition adds, under a new edit context, and note it.

    Nothing that exists is changed or removed: an rmap keeps its match keys, and types that the definition no
    longer has keep their rmaps. The caller puts the new definition in its place afterwards.

    Parameters
    ----------
    is_accepted
        Whether somebody has read what breaks and wants it.
    details
        More for the audit record.

    Raises
    ------
    ConflictError
        Raised with all that breaks, unless it is accepted.
    """
    old = require_definition()
    breaks = broken_by(old, new)
    if old.name != new.name or (breaks and not is_accepted):
        listed = "".join(f"\n  {each}" for each in breaks)
        raise ConflictError(
            f"The new definition of {old.name} breaks what is in use. Nothing was changed.{listed}"
        )
    lock_ledger()
    changed = _add_types(new, user=user, reason=reason)
    told = "; ".join(filter(None, (details, f"version {new.version}", *changed.added, *breaks)))
    audit.noted(Action.CHANGE_DEFINITION, user=user, why=reason, details=told)
    return changed


def _add_types(new: Definition, *, user: str, reason: str) -> Changed:
    """Make rmaps, imaps and a pmap for the types that the edit context lacks; other lines stay the same."""
    pmap = contexts_queries.resolve(f"{new.name}-edit")
    names = [name for name in contexts_queries.mapping_names(pmap) if not name.endswith(".rmap")]
    base = Base.read(pmap, load_sources(names))
    missing = [
        (instrument, kind)
        for instrument in new.instruments.values()
        for kind in instrument.types.values()
        if (instrument.name, kind.name) not in base.rmaps
    ]
    if not missing:
        return Changed()
    imaps: dict[str, dict[str, str]] = {}
    for instrument, kind in missing:
        rmap = _rmap(new, first_rmap(new, instrument, kind))
        _add(rmap, user=user, reason=reason)
        imaps.setdefault(instrument.name, {})[kind.name] = rmap.name
    lines: dict[str, str] = {}
    for name, kinds in imaps.items():
        imap = _imap(new, base, name, kinds)
        _add(imap, user=user, reason=reason)
        lines[name] = imap.name
    context, text = _numbered(
        new.name, ".pmap", lambda name: derived_context(base.texts[pmap], base=pmap, name=name, changes=lines)
    )
    _add(FirstMapping(context, "", "", text), user=user, reason=reason)
    contexts.move_edit(context, user=user, reason=reason)
    return Changed(tuple(f"{instrument.name} {kind.name}" for instrument, kind in missing), context)


def _rmap(new: Definition, first: FirstMapping) -> FirstMapping:
    """Return the first rmap of a type under a free name: a type may come back after it was removed."""
    stem = f"{new.name}_{first.instrument}_{first.filekind}"
    name, text = _numbered(
        stem, ".rmap", lambda name: renamed(first.text, name=name, derived_from=_origin(new))
    )
    return FirstMapping(name, first.instrument, first.filekind, text)


def _imap(new: Definition, base: Base, instrument: str, kinds: dict[str, str]) -> FirstMapping:
    """Return the imap of an instrument with the rmaps of its new types, by type."""
    if instrument in base.imaps:
        origin = base.imaps[instrument]
        old = base.texts[origin]
    else:
        origin, old = _origin(new), first_imap(new, new.instruments[instrument]).text
    name, text = _numbered(
        f"{new.name}_{instrument}",
        ".imap",
        lambda name: derived_context(old, base=origin, name=name, changes=kinds),
    )
    return FirstMapping(name, instrument, "", text)


def _origin(new: Definition) -> str:
    return f"definition {new.version}"


def _numbered(stem: str, extension: str, text_of: Callable[[str], str]) -> tuple[str, str]:
    """Return the next free name of a stem, and the text under it; the caller holds the ledger lock.

    A change that was killed leaves bytes without rows. The same change takes their names again, and any other
    one passes over them.
    """
    serial = next_serial(stem, extension, taken_names(stem))
    while True:
        name = numbered_name(stem, extension, serial)
        text = text_of(name)
        if not storage.has_other_bytes(name, text.encode()):
            return name, text
        serial += 1


def _is_held(name: str) -> bool:
    file = files.find_file(name)
    return file is not None and file.is_held


def _add(mapping: FirstMapping, *, user: str, reason: str) -> None:
    catalog.add_file(
        io.BytesIO(mapping.text.encode()),
        name=mapping.name,
        user=user,
        why=reason,
        instrument=mapping.instrument,
        filekind=mapping.filekind,
        state=FileState.ARCHIVED,
        description=reason,
        deliverer=user,
    )
