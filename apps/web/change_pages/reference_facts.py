"""Facts of the catalogue about the references of a list of changes, loaded when they are needed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from apps.catalog.models import File
from apps.catalog.queries import CHUNK
from apps.contexts import queries as contexts
from apps.web.activity import without_addresses


@dataclass(frozen=True, slots=True)
class DeliveryFacts:
    """The delivery of one reference.

    Attributes
    ----------
    why
        The reason of its delivery. Imported files have none; for them, the reason of the move of latest that
        first brought them.
    sha1sum
        Empty if unknown.
    """

    delivered_at: datetime | None = None
    deliverer: str = ""
    why: str = ""
    sha1sum: str = ""
    is_bad: bool = False


_UNKNOWN = DeliveryFacts()
_FIELDS = (
    *("name", "delivered_at", "deliverer", "description", "activated_at", "sha1sum"),
    *("rejected", "blacklisted"),
)


class CatalogueFacts:
    """The facts about many references. Those that were not loaded before are loaded all at once."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._known: dict[str, DeliveryFacts] = {}

    @cached_property
    def _reasons(self) -> dict[datetime, str]:
        """The reasons of the moves of latest by their time."""
        return dict(contexts.history().values_list("started_at", "reason"))

    def _facts(
        self,
        delivered_at: datetime,
        deliverer: str,
        description: str,
        activated_at: datetime | None,
        sha1sum: str,
        rejected: bool,
        blacklisted: bool,
    ) -> DeliveryFacts:
        why = description or (self._reasons.get(activated_at, "") if activated_at else "")
        who = without_addresses(deliverer)
        return DeliveryFacts(delivered_at, who, without_addresses(why), sha1sum, rejected or blacklisted)

    def of(self, name: str) -> DeliveryFacts:
        """Return the facts about a reference."""
        if name in self._names and name not in self._known:
            self.load(self._names)
        return self._known.get(name, _UNKNOWN)

    def load(self, names: Iterable[str]) -> None:
        """Load the facts about some references, many with each query."""
        wanted = sorted(set(names) - self._known.keys())
        for start in range(0, len(wanted), CHUNK):
            rows = File.objects.filter(name__in=wanted[start : start + CHUNK])
            self._known.update((row[0], self._facts(*row[1:])) for row in rows.values_list(*_FIELDS))
        self._known.update((name, _UNKNOWN) for name in wanted if name not in self._known)
