"""Values of rows as text, a column at a time: the work for one value is what a long answer costs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from apps.vo.adql.result_columns import ResultColumn
from apps.vo.tables.columns import ValueKind
from apps.vo.writers.xml_text import ascii_only

Texts = list[str]


def texts_of(batch: Sequence[Sequence[Any]], columns: Sequence[ResultColumn]) -> Iterator[Texts]:
    """Yield the columns of a batch of rows as texts; a NULL is empty."""
    for column, values in zip(columns, zip(*batch, strict=True), strict=True):
        yield _WRITERS[column.facts.kind](values)


def _texts(values: Sequence[Any]) -> Texts:
    try:
        found = [value or "" for value in values]
        whole = "".join(found)
    except TypeError:  # A number among them, for example 0 from SQLite, which has no types of columns.
        found = ["" if value is None else _shown(value) for value in values]
        whole = "".join(found)
    return found if whole.isascii() else [ascii_only(text) for text in found]


def _unicode_texts(values: Sequence[Any]) -> Texts:
    return ["" if value is None else value if type(value) is str else _shown(value) for value in values]


def _json_texts(values: Sequence[Any]) -> Texts:
    return ["" if value is None else sorted_json(value) for value in values]


def sorted_json(text: str) -> str:
    """Return a JSON object with sorted keys, because databases keep them in orders of their own."""
    try:
        return json.dumps(json.loads(text), sort_keys=True)
    except ValueError:
        return ascii_only(str(text))


def _whole_numbers(values: Sequence[Any]) -> Texts:
    try:
        return ["" if value is None else format(value, "d") for value in values]
    except (TypeError, ValueError, OverflowError):
        return ["" if value is None else _whole(value) for value in values]


def _whole(value: Any) -> str:
    try:
        return str(int(value))
    except (TypeError, ValueError, OverflowError):
        return ""


def _numbers(values: Sequence[Any]) -> Texts:
    return ["" if value is None else _number(value) for value in values]


def _number(value: Any) -> str:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return ""
    if number != number:
        return "NaN"
    if number in (float("inf"), float("-inf")):
        return "+Inf" if number > 0 else "-Inf"
    return repr(number)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)


_WRITERS: dict[ValueKind, Callable[[Sequence[Any]], Texts]] = {
    ValueKind.TEXT: _texts,
    ValueKind.TIMESTAMP: _texts,
    ValueKind.UNICODE: _unicode_texts,
    ValueKind.JSON: _json_texts,
    ValueKind.SHORT: _whole_numbers,
    ValueKind.INT: _whole_numbers,
    ValueKind.LONG: _whole_numbers,
    ValueKind.DOUBLE: _numbers,
}
