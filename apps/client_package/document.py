"""The document of a definition: all that the client package needs to know, as JSON.

Its form is `Document` in the package itself, which reads it. It is published as an immutable file, so the
same definition always gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator

from apps.client_package.template.constraints import ALL, EXPRESSION, ConstraintRow
from apps.client_package.template.definition import FORMAT, Document, Row, TypeFacts
from apps.rules.observatories import definition as rules
from apps.rules.observatories.definition_checks import recorded
from apps.rules.observatories.definition_constraints import ANY_VALUES, type_constraints
from apps.rules.observatories.definition_expressions import names_in

_DATATYPES = {"text": "C", "exact": "S", "integer": "I", "real": "R", "double": "D", "logical": "L"}
_NUMBERS = frozenset(("integer", "real", "double"))
_KEYTYPES = {"header": "H", "column": "C", "group": "G", "array": "A", "data": "D"}
_PRESENCES = {"yes": "R", "no": "O", "warn": "W", "excluded": "E"}


def make_document(definition: rules.Definition, *, server: str = "") -> Document:
    """Return what the client package needs to know about an observatory.

    Parameters
    ----------
    server
        Address of the server, unless the definition gives one.
    """
    return {
        "format": FORMAT,
        "observatory": definition.name,
        "title": definition.title,
        "version": definition.version,
        "server": definition.server or server,
        "telescopes": list(definition.telescopes),
        "calibration_software": definition.calibration_software,
        "instrument_key": definition.instrument_key,
        "reftype_key": "REFTYPE",
        "useafter_key": "USEAFTER",
        "useafter_keys": list(definition.useafter_keys),
        "provenance": list(definition.provenance),
        "synonyms": {key: list(others) for key, others in definition.synonyms.items()},
        "patterns": {key: [target] for key, target in definition.patterns.items()},
        "recorded_as": {name: recorded(definition.record_as, name) for name in _type_names(definition)},
        "types": {
            instrument.name: {kind.name: _kind(kind) for kind in instrument.types.values()}
            for instrument in definition.instruments.values()
        },
        "constraints": dict(_groups(definition)),
    }


def to_bytes(document: Document) -> bytes:
    """Return a document as the bytes of its file: the same for the same document."""
    return json.dumps(document, ensure_ascii=True, indent=1, sort_keys=True).encode() + b"\n"


def sha1sum_of(content: bytes) -> str:
    """Return the sha1sum that names the file of a document."""
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def _type_names(definition: rules.Definition) -> list[str]:
    return sorted({name for instrument in definition.instruments.values() for name in instrument.types})


def _kind(kind: rules.DefinedType) -> TypeFacts:
    return {
        "text": kind.text,
        "extension": kind.extension,
        "suffix": kind.suffix or kind.name,
        "row_keys": list(kind.row_keys),
        "selectors": ["Match"] if kind.select == "Match" else ["Match", kind.select],
        "match": list(kind.match),
    }


def _groups(definition: rules.Definition) -> Iterator[tuple[str, list[Row]]]:
    """Yield each group of constraints with its name, which says for which references it holds."""
    yield f"{ALL}_{ALL}", _complete(definition, rows_of(definition.every_reference))
    for instrument in definition.instruments.values():
        yield f"{instrument.name}_{ALL}", _complete(definition, rows_of(instrument.constraints))
        for kind in instrument.types.values():
            rows = rows_of(type_constraints(definition, instrument, kind))
            yield f"{instrument.name}_{kind.name}", _complete(definition, rows)


def rows_of(constraints: Iterable[rules.Constraint]) -> Iterator[ConstraintRow]:
    """Yield constraints in the form in which the client checks them."""
    for one in constraints:
        presence = one.when or _PRESENCES[one.required]
        keytype, datatype = _KEYTYPES[one.place], _DATATYPES[one.type]
        if not one.check or one.values or one.form or presence != "O":
            values = (one.form,) if one.form else one.values
            if one.type in _NUMBERS:  # The client would read these words as numbers.
                values = tuple(value for value in values if value not in ANY_VALUES)
            yield ConstraintRow(one.keyword, keytype, datatype, presence, values)
        if one.check:
            place = EXPRESSION if one.place == "header" else keytype
            yield ConstraintRow(one.keyword, place, EXPRESSION, one.when or "O", (one.check,))


def _complete(definition: rules.Definition, rows: Iterable[ConstraintRow]) -> list[Row]:
    """Return constraints with all keywords that their conditions look up, which may be missing in a file."""
    found = sorted(set(rows))
    named = {row.name for row in found if row.keytype == "H"}
    known = {key.replace(".", "_"): key for key in _keywords(definition)}
    conditions = [text for row in found for text in (row.presence, *row.values) if text.startswith("(")]
    needed = {known[name] for text in conditions for name in names_in(text) if name in known}
    return [*sorted({*found, *(ConstraintRow(key, "H", "C", "O", ()) for key in needed - named)})]


def _keywords(definition: rules.Definition) -> set[str]:
    """Return all keywords that a definition names."""
    found = {definition.instrument_key, "REFTYPE", *definition.keywords, *definition.synonyms}
    found.update(one.keyword for one in definition.every_reference)
    for instrument in definition.instruments.values():
        found.update(instrument.keywords, (one.keyword for one in instrument.constraints))
        for kind in instrument.types.values():
            found.update(kind.match, kind.keywords, (one.keyword for one in kind.constraints))
    return found
