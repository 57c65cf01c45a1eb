"""One row of an import: the raw values, and the row that is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from apps.datasets.errors import BadRowError
from apps.datasets.headers import canonical, find_instrument
from apps.datasets.ids import DatasetId, parse_id
from apps.datasets.timestamps import find_observed_at
from apps.rules.observatories import Observatory, dataset_ids, get_observatory
from apps.rules.observatories.dataset_ids import DatasetIds

LONGEST_HEADER = 256 * 1024  # characters of JSON
LONGEST_PROGRAM = 32


class Raw(NamedTuple):
    """A dataset read from a file, before any check. If it has no id, its header must hold the id."""

    header: Any
    dataset_id: Any = None
    program: Any = None


class ImportRow(NamedTuple):
    """A dataset in the form that the table holds; `header` is already JSON."""

    product: str
    exposure: str
    instrument: str
    program: str
    header: str
    observed_at: datetime | None


class ReadDataset(NamedTuple):
    """A dataset as read: its row, and its canonical header."""

    row: ImportRow
    header: dict[str, str]


def row_maker(observatory_name: str) -> Callable[[Raw], ReadDataset]:
    """Return the function that makes rows for one observatory, or raises `BadRowError`."""
    observatory, grammar = get_observatory(observatory_name), dataset_ids(observatory_name)

    def make_row(raw: Raw) -> ReadDataset:
        if not isinstance(raw.header, Mapping):
            raise BadRowError("the header is not an object of keywords and values")
        header = canonical(raw.header, observatory, grammar)
        product, exposure = _id(raw, header, grammar)
        row = ImportRow(
            product,
            exposure or product,
            _instrument(header, observatory),
            _program(raw, header, grammar),
            _json(header),
            find_observed_at(header, observatory),
        )
        return ReadDataset(row, header)

    return make_row


def _id(raw: Raw, header: Mapping[str, str], grammar: DatasetIds) -> DatasetId:
    if raw.dataset_id is None:
        found = grammar.find_in_header(header)
        if found is None:
            raise BadRowError(f"none of {', '.join(grammar.exposure_keys)} holds the dataset id")
        return DatasetId(*found)
    if not isinstance(raw.dataset_id, str):
        raise BadRowError(f"the dataset id {raw.dataset_id!r:.100} is not text")
    return parse_id(raw.dataset_id, grammar)


def _instrument(header: Mapping[str, str], observatory: Observatory) -> str:
    instrument = find_instrument(header, observatory)
    if instrument is not None and instrument in observatory.types:
        return instrument
    known = ", ".join(observatory.instruments)
    if instrument is None:
        raise BadRowError(f"{observatory.instrument_key} is missing; {observatory.title} has {known}")
    raise BadRowError(f"unknown instrument {instrument[:100]!r}; {observatory.title} has {known}")


def _program(raw: Raw, header: Mapping[str, str], grammar: DatasetIds) -> str:
    given = raw.program
    if given is None:
        given = next((header[key] for key in grammar.program_keys if key in header), "")
    if given == "":
        return ""
    program = str(given).strip()
    if len(program) > LONGEST_PROGRAM or not isinstance(given, str | int) or not _is_storable(program):
        raise BadRowError(
            f"the program {program[:100]!r} is not a word of at most {LONGEST_PROGRAM} characters"
        )
    return program


def _json(header: Mapping[str, str]) -> str:
    try:
        text = orjson.dumps(header).decode()
    except TypeError:  # It holds half of a surrogate pair.
        raise BadRowError("the header holds an invalid character") from None
    if len(text) > LONGEST_HEADER:
        raise BadRowError(f"the header is longer than {LONGEST_HEADER} characters")
    # A NUL is written as an escape, so most headers need no second check.
    if "\\u" in text and not all(map(_is_storable, (*header, *header.values()))):
        raise BadRowError("the header holds an invalid character")
    return text


def _is_storable(text: str) -> bool:
    """Return whether both databases can hold a text: it has no NUL and no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
