"""The parameters of a query, checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from apps.vo.errors import UsageError
from apps.vo.parameters import Parameters, whole_number
from apps.vo.writers import separated_values, votable

LANGUAGES = ("adql", "adql-2.0", "adql-2.1")
Writer = Callable[..., Iterator[str]]


@dataclass(frozen=True)
class Format:
    """The form of an answer: its kind, and the media type under which it is sent."""

    kind: str
    media_type: str


_FORMATS: Mapping[str, Format] = {
    "votable": Format("votable", votable.MEDIA_TYPE),
    votable.MEDIA_TYPE: Format("votable", votable.MEDIA_TYPE),
    "text/xml": Format("votable", "text/xml"),
    "application/xml": Format("votable", "application/xml"),
    "votable/td": Format("votable", votable.MEDIA_TYPE),
    "csv": Format("csv", "text/csv;header=present"),
    "text/csv": Format("csv", "text/csv;header=present"),
    "tsv": Format("tsv", "text/tab-separated-values"),
    "text/tab-separated-values": Format("tsv", "text/tab-separated-values"),
}
FORMATS = tuple(_FORMATS)


@dataclass(frozen=True)
class QueryRequest:
    """A query and the form of its answer.

    Attributes
    ----------
    max_rows
        The most rows of the answer.
    """

    query: str
    format: Format
    max_rows: int
    run_id: str = ""


def query_request(parameters: Parameters) -> QueryRequest:
    """Return the query in the parameters of a request.

    Raises
    ------
    UsageError
        Raised with the name of the parameter that is missing or wrong.
    """
    _require_words(parameters)
    query = parameters.one("QUERY").strip()
    if not query:
        raise UsageError("The parameter QUERY is missing; it holds the text of the query.")
    return QueryRequest(query, format_of(parameters), _max_rows(parameters), parameters.one("RUNID")[:64])


def _require_words(parameters: Parameters) -> None:
    request = parameters.one("REQUEST", "doQuery")
    if request != "doQuery":
        raise UsageError(f"REQUEST is {request[:40]!r}; doQuery was expected.")
    if parameters.has("UPLOAD"):
        raise UsageError("UPLOAD is not offered: queries read the tables of this server only.")
    language = parameters.one("LANG")
    if not language:
        raise UsageError("The parameter LANG is missing; ADQL was expected.")
    if language.strip().lower() not in LANGUAGES:
        raise UsageError(f"LANG is {language[:40]!r}; ADQL, ADQL-2.0 or ADQL-2.1 was expected.")


def format_of(parameters: Parameters) -> Format:
    """Return the form of the answer that was asked for.

    Raises
    ------
    UsageError
        Raised for a form that is not offered.
    """
    given = parameters.one("RESPONSEFORMAT") or parameters.one("FORMAT")
    if not given.strip():
        return _FORMATS["votable"]
    plain = given.partition(";")[0].strip().lower()
    found = _FORMATS.get(plain)
    serialization = given.lower().replace(" ", "").partition("serialization=")[2]
    if found is None or serialization.strip("'\"") not in ("", "tabledata"):
        raise UsageError(f"RESPONSEFORMAT is {given[:80]!r}; votable, csv or tsv was expected.")
    if found.kind == "votable" and "/" in plain and plain != "votable/td" and ";" in given:
        return Format("votable", " ".join(given.split()) if given.isascii() else found.media_type)
    return found


def _max_rows(parameters: Parameters) -> int:
    given = parameters.one("MAXREC")
    if not given.strip():
        return int(settings.TAP_ROWS)
    return min(whole_number("MAXREC", given), int(settings.TAP_MAX_ROWS))


def writer_of(kind: str) -> Any:
    """Return the function that writes rows in a form."""
    return {"csv": separated_values.write_csv, "tsv": separated_values.write_tsv}[kind]
