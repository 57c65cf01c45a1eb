"""The record of a version: its file, which is never written again, and then its row."""

from __future__ import annotations

import io

from django.conf import settings
from django.db.models import Max

from apps.catalog import storage
from apps.catalog.errors import NameTakenError
from apps.observatories import documents
from apps.observatories.models import DefinitionVersion

_BEFORE = "The document in use before its first recorded change."
MOST = 200  # changes that a row tells; its file has them all


def record_first(*, user: str = "server", why: str = _BEFORE) -> None:
    """Record the document in use as the first version, unless there is one or there is no document."""
    if DefinitionVersion.objects.exists() or not documents.path().is_file():
        return
    text = documents.text()
    record(text, documents.sound(text).version, user=user, why=why, changes=[])


def record(text: str, label: str, *, user: str, why: str, changes: list[str]) -> DefinitionVersion:
    """Store the file of a version under the next free name, and return its row."""
    number = (DefinitionVersion.objects.aggregate(Max("number"))["number__max"] or 0) + 1
    content = text.encode()
    while True:
        name = f"{settings.OBSERVATORY}_{documents.word()}_{number:04d}.yaml"
        try:
            digest = storage.put(io.BytesIO(content), storage.config_path(name))
            break
        except NameTakenError:  # A change that was killed has left a file without a row.
            number += 1
    return DefinitionVersion.objects.create(
        number=number,
        name=name,
        version=label,
        text=text,
        size=len(content),
        sha1sum=digest,
        user=user,
        why=why,
        changes=changes[:MOST],
    )
