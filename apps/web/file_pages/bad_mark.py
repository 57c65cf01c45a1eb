"""The act that made a file bad."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from apps.catalog.models import Action, AuditRecord, File
from apps.web.activity import without_addresses

_TEXTS = {Action.MARK_BAD: "Marked bad", Action.TAINT: "Tainted by a bad file that it names"}


@dataclass(frozen=True, slots=True)
class BadMark:
    """The person who made a file bad, the time and the reason; addresses of people are cut."""

    text: str
    by: str
    at: datetime
    why: str


def find_mark(file: File) -> BadMark | None:
    """Return the last act that made a file bad, or None if none is recorded, as for imported files."""
    acts = AuditRecord.objects.filter(filename=file.name, action__in=list(_TEXTS))
    found = acts.order_by("-at", "-pk").first()
    if found is None:
        return None
    text = _TEXTS[Action(found.action)]
    return BadMark(text, without_addresses(found.user), found.at, without_addresses(found.why).rstrip("."))
