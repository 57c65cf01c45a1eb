"""Operations on the definition of the served observatory."""

from __future__ import annotations

import io
from dataclasses import dataclass

from django.conf import settings

from apps.catalog import operations as catalog
from apps.catalog import queries as files
from apps.catalog.states import FileState
from apps.contexts import operations as contexts
from apps.contexts.models import ContextChange, Pointer
from apps.core.errors import ConflictError
from apps.rules.observatories import find_definition
from apps.rules.observatories.definition import Definition
from apps.rules.text.first_mappings import FirstMapping, first_mappings


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

    A context that is there already is left alone. The operation may be killed and called again.

    Raises
    ------
    ConflictError
        Raised if this server serves an observatory that needs no definition.
    """
    definition = require_definition()
    reason = f"The first rules of {definition.title}, from version {definition.version} of its definition."
    started = Started()
    for mapping in first_mappings(definition):
        started.context = mapping.name
        if not _is_held(mapping.name):
            _add(mapping, user=user, reason=reason)
            started.files += 1
    for pointer in (Pointer.EDIT, Pointer.LATEST):
        if not ContextChange.objects.filter(pointer=pointer).exists():
            contexts.set_context(pointer=pointer, context=started.context, user=user, reason=reason)
            started.pointers += 1
    return started


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
