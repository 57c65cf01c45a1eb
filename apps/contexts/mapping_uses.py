"""The mappings that use a file, directly and through others."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from apps.catalog import queries as catalog
from apps.catalog import usage
from apps.catalog.models import File


@dataclass(frozen=True, slots=True)
class Uses:
    """The mappings that use a file, the newest first.

    Attributes
    ----------
    direct
        The mappings that name it.
    indirect
        The mappings that name one of the direct ones, themselves or through another.
    """

    direct: tuple[str, ...] = ()
    indirect: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Number of all of them."""
        return len(self.direct) + len(self.indirect)


def uses_of(file: File) -> Uses:
    """Return the official mappings that use a file; mappings whose text is not here are left out."""
    direct = usage.naming(file)
    indirect = usage.above(direct) - direct
    order = _by_age(direct | indirect)
    return Uses(tuple(filter(direct.__contains__, order)), tuple(filter(indirect.__contains__, order)))


def _by_age(names: Iterable[str]) -> list[str]:
    """Return names in the order of delivery, the newest first."""
    wanted = sorted(names)
    found: list[tuple[datetime, str]] = []
    for start in range(0, len(wanted), catalog.CHUNK):
        rows = File.objects.filter(name__in=wanted[start : start + catalog.CHUNK])
        found.extend(rows.values_list("delivered_at", "name"))
    return [name for _, name in sorted(found, reverse=True)]
