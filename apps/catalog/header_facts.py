"""Columns of the catalogue that are read from the header of a reference."""

from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from apps.certify.headers import UnreadableHeaderError, read_header
from apps.core.free_text import storable
from apps.rules.dates import parse_date
from apps.rules.errors import CrdsError
from apps.rules.observatories import get_observatory

# Column of the catalogue to the keywords that may hold its value, and the longest text it takes. An
# observatory may have a prefix for the paths among them.
_KEYWORDS = {
    "useafter_at": (("USEAFTER", "META.USEAFTER"), 40),
    "pedigree": (("PEDIGREE", "META.PEDIGREE"), 80),
    "reference_file_type": (("FILETYPE", "REFTYPE", "META.REFTYPE"), 80),
    "aperture": (("APERTURE", "META.APERTURE.NAME"), 80),
    "comment": (("DESCRIP", "META.DESCRIPTION", "COMMENT"), 2000),
    "creator": (("AUTHOR", "META.AUTHOR"), 255),
    "history": (("HISTORY", "META.HISTORY"), 20_000),
}
COLUMNS = tuple(_KEYWORDS)


def facts(path: Path, name: str) -> dict[str, str]:
    """Return the columns that the header fills, as texts; a date is ISO 8601 with its offset."""
    try:
        header = read_header(path, name)
    except UnreadableHeaderError:
        return {}  # Text has no header, and neither has the data half of a pair.
    found = {}
    observatory = get_observatory(settings.OBSERVATORY)
    for column, (keywords, longest) in _KEYWORDS.items():
        value = next(filter(None, map(header.get, observatory.spellings(keywords))), "")
        if value:
            found[column] = storable(value)[:longest]
    if "useafter_at" in found:
        try:
            found["useafter_at"] = parse_date(found["useafter_at"]).replace(tzinfo=UTC).isoformat()
        except (CrdsError, ValueError):
            del found["useafter_at"]
    return found


def columns(facts: dict[str, str]) -> dict[str, object]:
    """Return facts as values of the columns of the catalogue."""
    if "useafter_at" not in facts:
        return dict(facts)
    return {**facts, "useafter_at": datetime.fromisoformat(facts["useafter_at"])}
