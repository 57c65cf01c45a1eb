"""Which mappings use a file, directly and through others."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Q

from apps.catalog import queries as catalog
from apps.catalog import storage
from apps.catalog.models import File
from apps.catalog.states import FileKind
from apps.contexts.bad_files.tainting import Family, family, official

_families: dict[tuple[object, int], Family] = {}


@dataclass(frozen=True, slots=True)
class Uses:
    """Mappings that lead to a file, newest first.

    Attributes
    ----------
    direct
        Those that name it.
    indirect
        Those that name one of them, directly or through another.
    """

    direct: tuple[str, ...] = ()
    indirect: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Number of all of them."""
        return len(self.direct) + len(self.indirect)


def uses_of(file: File) -> Uses:
    """Return the official mappings that use a file; those whose text is not here are left out."""
    known = known_family()
    direct = _naming(file) if file.kind == FileKind.REFERENCE else known.parents.get(file.name, set())
    indirect = {above for name in direct for above in known.above(name)} - direct
    order = _by_age(direct | indirect)
    return Uses(tuple(filter(direct.__contains__, order)), tuple(filter(indirect.__contains__, order)))


def known_family() -> Family:
    """Return what pmaps and imaps name, worked out anew only after a change of the catalog."""
    identity = (settings.STORE_ROOT, catalog.revision())
    found = _families.get(identity)
    if found is None:
        found = family()
        _families.clear()
        _families[identity] = found
    return found


def _naming(file: File) -> set[str]:
    """Return the rmaps that name a reference.

    Their texts are searched, which for all rmaps of one instrument takes a few hundredths of a second and
    needs no index that could fall behind. No rmap names a reference of another instrument.
    """
    rows = official().filter(name__endswith=".rmap", held_at__isnull=False)
    if file.instrument:
        rows = rows.filter(Q(instrument=file.instrument) | Q(instrument=""))
    wanted = file.name.encode()
    names = rows.values_list("name", flat=True)
    return {name for name in names if wanted in (text := _bytes_of(name)) and _is_named(wanted, text)}


def _bytes_of(name: str) -> bytes:
    try:
        return storage.mapping_path(name).read_bytes()
    except OSError:  # Its own page says that it is missing.
        return b""


def _is_named(name: bytes, text: bytes) -> bool:
    """Tell whether the rules of a mapping name a file; its header may name what it was made of."""
    rules = re.search(rb"^selector\b", text, re.MULTILINE)
    quoted = re.compile(rb"""['"/]""" + re.escape(name) + rb"""['"]""")
    return quoted.search(text, rules.end() if rules else 0) is not None


def _by_age(names: Iterable[str]) -> list[str]:
    """Return names, those delivered last first."""
    wanted = sorted(names)
    found: list[tuple[datetime, str]] = []
    for start in range(0, len(wanted), catalog.CHUNK):
        rows = File.objects.filter(name__in=wanted[start : start + catalog.CHUNK])
        found.extend(rows.values_list("delivered_at", "name"))
    return [name for _, name in sorted(found, reverse=True)]
