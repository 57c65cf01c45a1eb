"""The catalog's record of a file in the form that clients read: text in every field.

Source: wire protocol, section 2.4. Text is lower case, except names. An unknown value is ``none``; a field
that mappings never have is empty.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import orjson

from apps.catalog.models import File
from apps.catalog.states import FileState
from apps.distribution.wire_format import timestamp
from apps.rpc.client import is_at_least

UNKNOWN = "none"
NOT_FOUND = "NOT FOUND"  # The client compares with exactly this text.
BATCH = 5000  # rows read at once
CHUNK = 500  # names in one query

# The useafter date of files without one, such as mappings.
NO_USEAFTER = "2050-01-01 00:00:00+00:00"

# The first client that knows the state `latest`; older clients print a warning for every such file.
KNOWS_LATEST = (12, 0, 3)


def _text(value: str) -> str:
    return value.lower() or UNKNOWN


def _name(value: str) -> str:
    return value or UNKNOWN


def _place(value: str) -> str:
    """Return an instrument or filekind; a pmap has none, and the client expects an empty text for it."""
    return value.lower()


def _empty(value: str) -> str:
    """Return the text of a field that mappings never have; clients expect an empty text for them."""
    return value.lower()


def _state(value: str) -> str:
    """Return a state in a word that the client knows."""
    if value == FileState.LATEST and not is_at_least(KNOWS_LATEST):
        return str(FileState.OPERATIONAL)
    return value


def _number(value: int | None) -> str:
    return UNKNOWN if value is None else str(value)


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _date(value: datetime | None) -> str:
    return UNKNOWN if value is None else timestamp(value)


def _useafter(value: datetime | None) -> str:
    return NO_USEAFTER if value is None else timestamp(value)


@dataclass(frozen=True)
class Field:
    """The column behind a field of the wire, and the function that writes its value."""

    column: str
    write: Callable[[Any], str]


FIELDS: Mapping[str, Field] = {
    "activation_date": Field("activated_at", _date),
    "aperture": Field("aperture", _text),
    "blacklisted": Field("blacklisted", _flag),
    "change_level": Field("change_level", _text),
    "comment": Field("comment", _text),
    "creator_name": Field("creator", _text),
    "deliverer_user": Field("deliverer", _text),
    "delivery_date": Field("delivered_at", _date),
    "derived_from": Field("derived_from", _text),
    "description": Field("description", _text),
    "filekind": Field("filekind", _place),
    "history": Field("history", _text),
    "instrument": Field("instrument", _place),
    "name": Field("name", _name),
    "observatory": Field("observatory", _place),
    "pedigree": Field("pedigree", _empty),
    "reference_file_type": Field("reference_file_type", _empty),
    "rejected": Field("rejected", _flag),
    "replaced_by_filename": Field("replaced_by", str),
    "sha1sum": Field("sha1sum", _text),
    "size": Field("size", _number),
    "state": Field("state", _state),
    "type": Field("kind", _text),
    "uploaded_as": Field("uploaded_as", _name),
    "useafter_date": Field("useafter_at", _useafter),
}

# Fields that are only sent if somebody asks for them by name: clients in the field know all others.
ON_REQUEST = {"provisional": Field("provisional", _flag)}

Info = dict[str, str]


def info_by_name(names: Iterable[str], fields: Iterable[str] | None) -> dict[str, Info]:
    """Return the requested fields of files, by file name.

    Parameters
    ----------
    names
        Unknown names are left out of the result.
    fields
        None means all but those of `ON_REQUEST`. Fields that do not exist are ignored.
    """
    wanted = _wanted(fields)
    return dict(_infos(_rows_named(list(names), _columns(wanted)), wanted))


def whole_catalog(fields: Iterable[str] | None) -> bytes:
    """Return the requested fields of all official files as JSON, an object with the names as keys.

    The text is written in pieces, because the values themselves would take ten times as much memory.
    """
    wanted = _wanted(fields)
    infos = _infos(_rows(_columns(wanted)), wanted)
    pieces = iter(lambda: dict(islice(infos, BATCH)), {})
    return b"{" + b",".join(orjson.dumps(piece)[1:-1] for piece in pieces) + b"}"


def _wanted(fields: Iterable[str] | None) -> dict[str, Field]:
    known = FIELDS if fields is None else {**FIELDS, **ON_REQUEST}
    return {name: known[name] for name in (FIELDS if fields is None else fields) if name in known}


def _columns(wanted: Mapping[str, Field]) -> list[str]:
    return [field.column for field in wanted.values()]


def _infos(rows: Iterable[tuple[Any, ...]], wanted: Mapping[str, Field]) -> Iterator[tuple[str, Info]]:
    writers = [(name, field.write) for name, field in wanted.items()]
    for row in rows:
        yield row[0], {name: write(value) for (name, write), value in zip(writers, row[1:], strict=True)}


def _rows(columns: list[str]) -> Iterator[tuple[Any, ...]]:
    files = File.objects.exclude(state=FileState.UPLOADED).order_by("name")
    return files.values_list("name", *columns).iterator(chunk_size=BATCH)


def _rows_named(names: list[str], columns: list[str]) -> Iterator[tuple[Any, ...]]:
    """Read the named files; for very many names it is faster to read all files and drop the others."""
    if len(names) > BATCH:
        known = frozenset(names)
        yield from filter(lambda row: row[0] in known, _rows(columns))
        return
    for start in range(0, len(names), CHUNK):
        chunk = File.objects.exclude(state=FileState.UPLOADED).filter(name__in=names[start : start + CHUNK])
        yield from chunk.values_list("name", *columns)
