"""Survey of the headers in a folder of files: the start of a definition."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from apps.certify.headers import UnreadableHeaderError, read_header
from apps.rules.observatories.definition_schema import EXTENSIONS, INSTRUMENT, REFTYPE, VALUE
from apps.rules.observatories.missions import INSTRUMENT_KEYWORDS

MOST_FILES = 5000
MOST_VALUES = 24  # of a keyword that chooses; one with more is a measurement or a name
MOST_MATCH = 4  # keywords of one type that we propose

TYPE_KEYS = ("REFTYPE", "META.REFTYPE", "FILETYPE")
DATE_KEYS = (("DATE-OBS", "TIME-OBS"), ("DATE-OBS", "UT"), ("DATE-OBS", "UTC"), ("DATE-OBS",), ("DATE-BEG",))
NAME_KEYS = ("ROOTNAME", "KOAID", "ARCFILE", "DATAID", "FILENAME", "OBSID")
PROGRAM_KEYS = ("PROPOSID", "PROGNAME", "PROGID", "PROGRAM")
# Keywords that describe the array, the file or its origin.
_OTHER_FACTS = (
    r"NAXIS\d*|BITPIX|EXTEND|SIMPLE|GCOUNT|PCOUNT|DATE.*|.*DATE|USEAFTER|AUTHOR|PEDIGREE|DESCRIP|.*TYPE|FILENAME"
    "|TELESCOP"
)
# What observatories choose by, the most usual first.
USUAL = (
    "DETECTOR", "CHANNEL", "ARM", "CAMERA", "FILTER", "FILTER1", "FILTER2", "FILTNAM", "GRATING", "GRISM",
    "DISPERSER", "READMODE", "READPATT", "SCALE", "BINNING", "CCDSUM", "SUBARRAY", "SLIT", "SLITNAME",
    "PUPIL", "CCDAMP", "CCDGAIN", "GAIN", "MODE", "OBSMODE",
)  # fmt: skip


@dataclass
class Survey:
    """The findings.

    Attributes
    ----------
    types
        Instrument to reference type to its match keys, and to its extension.
    values
        Keyword that chooses to its values.
    unreadable
        Files that could not be read, with the reason.
    """

    files: int = 0
    instrument_key: str = ""
    telescopes: list[str] = field(default_factory=list)
    useafter_keys: tuple[str, ...] = ()
    match: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    extensions: dict[tuple[str, str], str] = field(default_factory=dict)
    values: dict[str, list[str]] = field(default_factory=dict)
    example: str = ""
    name_keys: tuple[str, ...] = ()
    program_keys: tuple[str, ...] = ()
    unreadable: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Seen:
    path: Path
    header: Mapping[str, str]
    instrument: str
    reftype: str


def survey(folder: Path) -> Survey:
    """Read the headers of all files below a folder and say what they have in common.

    Files with a keyword for the reference type count as references, the others as data.
    """
    found = Survey()
    headers: list[tuple[Path, Mapping[str, str]]] = []
    for path in _files(folder):
        try:
            headers.append((path, read_header(path, path.name)))
        except (UnreadableHeaderError, OSError) as exc:
            found.unreadable[path.name] = str(exc)
    found.files = len(headers)
    found.instrument_key = _most_used(INSTRUMENT_KEYWORDS, [header for _path, header in headers])
    seen = [_seen(path, header, found.instrument_key) for path, header in headers]
    _note_telescopes(found, seen)
    _note_types(found, [each for each in seen if each.instrument and each.reftype])
    _note_data(found, [each for each in seen if not each.reftype])
    return found


def _files(folder: Path) -> list[Path]:
    paths = (
        path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix.lower() in EXTENSIONS
    )
    return [path for path, _count in zip(paths, range(MOST_FILES), strict=False)]


def _most_used(keys: Iterable[str], headers: list[Mapping[str, str]]) -> str:
    """Return the keyword that most headers have; empty if none has any."""
    counts = {key: sum(1 for header in headers if _value(header, key)) for key in keys}
    best = max(counts, key=lambda key: counts[key], default="")
    return best if best and counts[best] else ""


def _value(header: Mapping[str, str], key: str) -> str:
    value = header.get(key, "").strip()
    return "" if value.upper() == "UNDEFINED" else value


def _seen(path: Path, header: Mapping[str, str], instrument_key: str) -> _Seen:
    instrument = re.sub(r"[^a-z0-9]", "", _value(header, instrument_key).lower()) if instrument_key else ""
    reftype = next(filter(None, (_value(header, key) for key in TYPE_KEYS)), "")
    reftype = re.sub(r"[^a-z0-9]+", "-", reftype.lower()).strip("-")
    return _Seen(
        path,
        header,
        instrument if re.fullmatch(INSTRUMENT.pattern, instrument) else "",
        reftype if re.fullmatch(REFTYPE.pattern, reftype) else "",
    )


def _note_telescopes(found: Survey, seen: list[_Seen]) -> None:
    names = {_value(each.header, "TELESCOP") or _value(each.header, "META.TELESCOPE") for each in seen}
    found.telescopes = sorted(filter(None, names))


def _note_types(found: Survey, references: list[_Seen]) -> None:
    groups: dict[tuple[str, str], list[_Seen]] = defaultdict(list)
    for each in references:
        groups[each.instrument, each.reftype].append(each)
    for (instrument, reftype), files in sorted(groups.items()):
        keys = _match_keys([each.header for each in files], excluded={found.instrument_key})
        found.match.setdefault(instrument, {})[reftype] = keys
        found.extensions[instrument, reftype] = files[0].path.suffix.lower()
    chosen = {key for kinds in found.match.values() for keys in kinds.values() for key in keys}
    for key in sorted(chosen):
        values = {_value(each.header, key).upper() for each in references}
        found.values[key] = sorted(filter(_is_value, values))


def _match_keys(headers: list[Mapping[str, str]], *, excluded: set[str]) -> list[str]:
    """Return the keywords that seem to choose among the files of one type, the most usual first.

    A usual keyword counts if all files have it. Another one counts if it also has several values, each in
    several files.
    """
    common = set.intersection(*(set(header) for header in headers)) - excluded
    found = []
    for key in (*USUAL, *sorted(common.difference(USUAL))):
        values = [_value(header, key).upper() for header in headers]
        if key not in common or not all(map(_is_value, values)) or len(set(values)) > MOST_VALUES:
            continue
        if key in USUAL or (1 < len(set(values)) <= len(values) // 2 and _is_word_like(key, values)):
            found.append(key)
    return found[:MOST_MATCH]


def _is_value(text: str) -> bool:
    return bool(text) and len(text) <= 20 and re.fullmatch(VALUE.pattern, text) is not None


def _is_word_like(key: str, values: list[str]) -> bool:
    """Return whether a keyword that we do not know looks like a choice and not like a number or date."""
    return not re.fullmatch(_OTHER_FACTS, key) and any(re.search(r"[A-Z]", value) for value in values)


def _note_data(found: Survey, data: list[_Seen]) -> None:
    headers = [each.header for each in data]
    found.useafter_keys = next(
        (keys for keys in DATE_KEYS if headers and all(_value(headers[0], key) for key in keys)), ()
    )
    found.name_keys = tuple(key for key in NAME_KEYS if headers and _value(headers[0], key))
    found.program_keys = tuple(key for key in PROGRAM_KEYS if headers and _value(headers[0], key))
    if data:
        found.example = data[0].path.stem.upper()
