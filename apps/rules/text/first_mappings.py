"""The first mappings of a new observatory: a pmap, its imaps and rmaps without references."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from apps.rules.naming.official_names import numbered_name
from apps.rules.observatories.definition import DefinedInstrument, DefinedType, Definition
from apps.rules.text.parser import RawSelector
from apps.rules.text.writer import write_mapping

FIRST = 1
REFTYPE = "REFTYPE"


@dataclass(frozen=True, slots=True)
class FirstMapping:
    """One mapping: its name, its place in the rules, and its text."""

    name: str
    instrument: str
    filekind: str
    text: str


def first_mappings(definition: Definition) -> Iterator[FirstMapping]:
    """Yield the mappings of the first context: rmaps before their imap, and the pmap at the end."""
    for instrument in definition.instruments.values():
        for kind in instrument.types.values():
            yield first_rmap(definition, instrument, kind)
        yield first_imap(definition, instrument)
    selector = {name.upper(): _name(definition, name) for name in definition.instruments}
    header: dict[str, object] = {"mapping": "PIPELINE", "parkey": (definition.instrument_key,)}
    yield _mapping(definition, "", "", header, selector)


def first_imap(definition: Definition, instrument: DefinedInstrument) -> FirstMapping:
    """Return the imap of an instrument whose types all have their first rmaps."""
    selector = {kind.upper(): _name(definition, instrument.name, kind) for kind in instrument.types}
    header: dict[str, object] = {
        "instrument": instrument.name.upper(),
        "mapping": "INSTRUMENT",
        "parkey": (REFTYPE,),
    }
    return _mapping(definition, instrument.name, "", header, selector)


def first_rmap(definition: Definition, instrument: DefinedInstrument, kind: DefinedType) -> FirstMapping:
    """Return an rmap of a type without references."""
    levels = 1 if kind.select == "Match" else 2
    classes: tuple[str, ...] = ("Match", kind.select)[:levels]
    parkey: tuple[tuple[str, ...], ...] = (kind.match, definition.useafter_keys)[:levels]
    header: dict[str, object] = {
        "classes": classes,
        "file_ext": kind.extension,
        "filekind": kind.name.upper(),
        "filetype": kind.name.upper(),
        "instrument": instrument.name.upper(),
        "mapping": "REFERENCE",
        "parkey": parkey,
        "suffix": kind.suffix,
        "text_descr": kind.text,
    }
    if kind.relevance:
        header["rmap_relevance"] = kind.relevance
    if kind.match_relevance:
        header["parkey_relevance"] = {key.lower(): text for key, text in kind.match_relevance.items()}
    if kind.row_keys:
        header["row_keys"] = kind.row_keys
    return _mapping(definition, instrument.name, kind.name, header, RawSelector("Match", {}))


def _mapping(
    definition: Definition,
    instrument: str,
    filekind: str,
    header: dict[str, object],
    selector: RawSelector | dict[str, str],
) -> FirstMapping:
    name = _name(definition, instrument, filekind)
    common = {
        "derived_from": f"definition {definition.version}",
        "name": name,
        "observatory": definition.name.upper(),
    }
    return FirstMapping(name, instrument, filekind, write_mapping({**header, **common}, selector))


def _name(definition: Definition, instrument: str, filekind: str = "") -> str:
    extension = ".rmap" if filekind else ".imap" if instrument else ".pmap"
    return numbered_name("_".join(filter(None, (definition.name, instrument, filekind))), extension, FIRST)
