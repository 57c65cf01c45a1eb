"""The outline of a document for its page: instruments, types and values."""

from __future__ import annotations

from dataclasses import dataclass

from apps.observatories import documents
from apps.rules.observatories import get_observatory
from apps.rules.observatories.definition import Definition
from apps.rules.observatories.overlay import Overlay


@dataclass(frozen=True)
class DefinedTypeLine:
    """One type of references."""

    instrument: str
    name: str
    text: str
    match: tuple[str, ...]
    select: str
    extension: str
    is_provisional: bool


@dataclass(frozen=True)
class ValueLine:
    """The values of a keyword, and where they hold."""

    keyword: str
    where: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class DocumentOutline:
    """The parts of a document that its page shows."""

    name: str
    title: str
    version: str
    types: tuple[DefinedTypeLine, ...]
    values: tuple[ValueLine, ...]


def outline_of(document: documents.Document) -> DocumentOutline:
    """Return the outline of a definition; of an overlay, with the types that the client knows."""
    if isinstance(document, Overlay):
        return _of_overlay(document)
    return _of_definition(document)


def _of_definition(document: Definition) -> DocumentOutline:
    types = tuple(
        DefinedTypeLine(
            instrument.name,
            kind.name,
            kind.text,
            kind.match,
            kind.select,
            kind.extension,
            kind.is_provisional,
        )
        for instrument in document.instruments.values()
        for kind in instrument.types.values()
    )
    values = [ValueLine(key, "everywhere", found.values) for key, found in document.keywords.items()]
    for instrument in document.instruments.values():
        values += [
            ValueLine(key, instrument.name, found.values) for key, found in instrument.keywords.items()
        ]
        for kind in instrument.types.values():
            where = f"{instrument.name} {kind.name}"
            values += [ValueLine(key, where, found.values) for key, found in kind.keywords.items()]
    return DocumentOutline(document.name, document.title, document.version, types, tuple(values))


def _of_overlay(document: Overlay) -> DocumentOutline:
    known = get_observatory(document.name)
    types = tuple(
        DefinedTypeLine(
            instrument,
            kind,
            facts["text"],
            (),
            "",
            str(facts["extension"]),
            document.is_provisional(instrument, kind),
        )
        for instrument, kinds in known.types.items()
        for kind, facts in kinds.items()
    )
    plain = document.plain
    values = [_value(key, "everywhere", facts) for key, facts in plain.get("keywords", {}).items()]
    for instrument, kinds in plain.get("instruments", {}).items():
        for kind, part in kinds.items():
            where = f"{instrument} {kind}"
            values += [_value(key, where, facts) for key, facts in part.get("keywords", {}).items()]
    return DocumentOutline(document.name, known.title, document.version, types, tuple(values))


def _value(keyword: str, where: str, facts: dict[str, list[str]]) -> ValueLine:
    return ValueLine(keyword, where, tuple(facts.get("values", ())))
