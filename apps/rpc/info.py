"""What the catalog says of a file, as clients read it: text in every field.

Source: wire protocol, section 2.4. Text is lower case there, names excepted; what is unknown is ``none``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.catalog.models import File
from apps.catalog.states import FileState
from apps.distribution.wire import timestamp

UNKNOWN = "none"
NOT_FOUND = "NOT FOUND"  # The client compares with exactly this text.
BATCH = 5000  # rows read at a time
CHUNK = 500  # names in one query

# The useafter date of files that have none, mappings above all.
NO_USEAFTER = "2050-01-01 00:00:00"


def _text(value: str) -> str:
    return value.lower() or UNKNOWN


def _name(value: str) -> str:
    return value or UNKNOWN


def _place(value: str) -> str:
    """Return an instrument or filekind; a pmap has none, and the client wants an empty text there."""
    return value.lower()


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
    """Where a field of the wire comes from, and how it is written."""

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
    "pedigree": Field("pedigree", _text),
    "reference_file_type": Field("reference_file_type", _text),
    "rejected": Field("rejected", _flag),
    "replaced_by_filename": Field("replaced_by", _name),
    "sha1sum": Field("sha1sum", _text),
    "size": Field("size", _number),
    "state": Field("state", _text),
    "type": Field("kind", _text),
    "uploaded_as": Field("uploaded_as", _name),
    "useafter_date": Field("useafter_at", _useafter),
}

Info = dict[str, str]


def info_by_name(names: Iterable[str] | None, fields: Iterable[str] | None) -> dict[str, Info]:
    """Return the asked fields of files, by file name.

    Parameters
    ----------
    names
        None means all official files. A name that is not known is not in the result.
    fields
        None means all; fields that do not exist are passed over.
    """
    wanted = {name: FIELDS[name] for name in (FIELDS if fields is None else fields) if name in FIELDS}
    columns = [field.column for field in wanted.values()]
    writers = [(name, field.write) for name, field in wanted.items()]
    rows = _rows(columns) if names is None else _rows_named(list(names), columns)
    return {
        row[0]: {name: write(value) for (name, write), value in zip(writers, row[1:], strict=True)}
        for row in rows
    }


def _rows(columns: list[str]) -> Iterator[tuple[Any, ...]]:
    files = File.objects.exclude(state=FileState.UPLOADED).order_by("name")
    return files.values_list("name", *columns).iterator(chunk_size=BATCH)


def _rows_named(names: list[str], columns: list[str]) -> Iterator[tuple[Any, ...]]:
    """Read some files; for very many it is quicker to read all and drop the others."""
    if len(names) > BATCH:
        known = frozenset(names)
        yield from filter(lambda row: row[0] in known, _rows(columns))
        return
    for start in range(0, len(names), CHUNK):
        chunk = File.objects.exclude(state=FileState.UPLOADED).filter(name__in=names[start : start + CHUNK])
        yield from chunk.values_list("name", *columns)
