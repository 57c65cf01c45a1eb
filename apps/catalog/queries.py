"""Queries about files."""

import fnmatch
import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from apps.catalog.errors import UnknownFileError
from apps.catalog.models import File, FixityRun, Revision
from apps.catalog.states import FileKind, FileState
from apps.core.errors import InvalidInputError
from apps.core.globs import clean_glob, matching

CHUNK = 500  # names in one query; databases bound the number of parameters


def find_file(name: str) -> File | None:
    """Return the row of a file, or None."""
    return File.objects.filter(name=name).first()


def get_file(name: str) -> File:
    """Return the row of a file.

    Raises
    ------
    UnknownFileError
        Raised if no file has this name.
    """
    file = find_file(name)
    if file is None:
        raise UnknownFileError(f"File {name!r} is not known to this server.")
    return file


def files_named(names: Iterable[str]) -> dict[str, File]:
    """Return the rows of those `names` that are known, by name."""
    wanted, found = sorted(set(names)), {}
    for start in range(0, len(wanted), CHUNK):
        found.update(
            {file.name: file for file in File.objects.filter(name__in=wanted[start : start + CHUNK])}
        )
    return found


def new_references(since: datetime | None, *, instrument: str = "", reftype: str = "") -> QuerySet[File]:
    """Return the official references delivered at `since` or later, newest first.

    Without `since`, and with empty texts, all are returned.
    """
    rows = _references(instrument, reftype).order_by("-delivered_at", "-pk")
    return rows if since is None else rows.filter(delivered_at__gte=since)


def newly_registered(since: datetime, *, instrument: str = "", reftype: str = "") -> QuerySet[File]:
    """Return the official references that this catalog got at `since` or later, the newest deliveries first.

    An import registers references that were delivered long before.
    """
    return new_references(None, instrument=instrument, reftype=reftype).filter(registered_at__gte=since)


def count_new_references(since: Sequence[datetime], *, instrument: str = "") -> list[int]:
    """Return the numbers of official references delivered at each moment or later, by one question."""
    rows = _references(instrument, "").filter(delivered_at__gte=min(since))
    counts = {f"n{place}": Count("pk", filter=Q(delivered_at__gte=each)) for place, each in enumerate(since)}
    return list(rows.aggregate(**counts).values())


def last_delivery(*, instrument: str = "", reftype: str = "") -> datetime | None:
    """Return when the newest official reference was delivered, or None."""
    rows = _references(instrument, reftype).order_by("-delivered_at")
    return rows.values_list("delivered_at", flat=True).first()


def _references(instrument: str, reftype: str) -> QuerySet[File]:
    rows = File.objects.filter(kind=FileKind.REFERENCE).exclude(state=FileState.UPLOADED)
    rows = rows.filter(instrument=instrument) if instrument else rows
    return rows.filter(filekind=reftype) if reftype else rows


def names_matching(kind: FileKind, pattern: str) -> list[str]:
    """Return the names of all official files of a kind that match a shell pattern, sorted.

    Parameters
    ----------
    kind
        Mappings or references.
    pattern
        ``*``, ``?`` and ``[...]``, matched against the whole name and with its case.

    Raises
    ------
    InvalidInputError
        Raised if `pattern` cannot match any file name.
    """
    if not re.fullmatch(r"[A-Za-z0-9._*?\[\]!^ -]{1,128}", pattern):
        raise InvalidInputError(
            f"Bad pattern {pattern!r}: expected 1 to 128 of the characters of file names and * ? [ ] !."
        )
    rows = File.objects.filter(_roughly(pattern), kind=kind).exclude(state=FileState.UPLOADED)
    names = rows.order_by().values_list("name", flat=True)
    matches = re.compile(fnmatch.translate(pattern)).match
    return sorted(names if pattern == "*" else filter(matches, names))


def _roughly(pattern: str) -> Q:
    """Return a condition of the database that all matches of a shell pattern fulfil, and few other names."""
    try:
        return matching("name", clean_glob(pattern))
    except InvalidInputError:  # It has a set or a number of stars that the database does not compare.
        return Q(name__begins=re.split(r"[*?\[]", pattern, maxsplit=1)[0])


def bad_file_names() -> list[str]:
    """Return the names of files that were themselves marked bad, sorted.

    Mappings that only name a bad file are `blacklisted` and are left out. Clients look for the bad file
    itself among all files that a context contains, and the observatories make their own lists in this way.
    """
    return sorted(File.objects.filter(rejected=True).values_list("name", flat=True))


def revision() -> int:
    """Return a number that grows with every change of a file or pointer."""
    return Revision.objects.values_list("number", flat=True).first() or 0


def held_files() -> dict[str, File]:
    """Return the rows, with size and sha1sum only, of all files whose bytes we should hold, by name."""
    rows = File.objects.filter(~Q(held_at=None)).only("name", "size", "sha1sum", "held_at")
    return {file.name: file for file in rows.iterator(chunk_size=2000)}


def last_fixity_run() -> FixityRun | None:
    """Return the newest comparison of the store with the catalog that came to its end, or None."""
    return FixityRun.objects.filter(finished_at__isnull=False).first()


def siblings_of(name: str) -> list[str]:
    """Return the official mappings that differ from a mapping in their serial only, newest first.

    The serial is the number between the last ``_`` and the extension. A mapping without a serial is also a
    sibling. The mapping itself is left out.
    """
    found = re.fullmatch(r"(.+?)(?:_\d+)?(\.[pir]map)", name)
    if found is None:
        return []
    stem, extension = found.groups()
    rows = File.objects.filter(kind=FileKind.MAPPING, name__begins=stem, name__endswith=extension)
    names = rows.exclude(state=FileState.UPLOADED).order_by("-delivered_at", "-name")
    is_sibling = re.compile(rf"{re.escape(stem)}(?:_\d+)?{re.escape(extension)}").fullmatch
    return [other for other in names.values_list("name", flat=True) if other != name and is_sibling(other)]
