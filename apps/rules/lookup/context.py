"""A whole context in memory, which gives the best references for the header of a dataset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from threading import Lock
from typing import Any

from apps.rules.errors import HeaderError, UnknownInstrumentError, UnknownMappingError, UnknownReftypeError
from apps.rules.lookup.bounded_cache import Memo
from apps.rules.lookup.compiled_mapping import CompiledMapping
from apps.rules.lookup.instrument import (
    InstrumentRules,
    Picker,
    as_texts,
    condition,
    picker_of_places,
    rules_for,
)
from apps.rules.lookup.lookup_record import Trace
from apps.rules.lookup.timelines import ReftypeTimelines
from apps.rules.observatories import Observatory
from apps.rules.observatories.missions import INSTRUMENT_KEYWORDS
from apps.rules.text.special_values import SPECIAL

UNDEFINED = "UNDEFINED"


def assemble(name: str, mappings: Mapping[str, CompiledMapping]) -> Context:
    """Return the context `name` with everything below it.

    Parameters
    ----------
    name
        Name of a pmap, or of an imap or rmap for the rules of that part alone.
    mappings
        Compiled mappings by name. There may be more than are needed.

    Raises
    ------
    UnknownMappingError
        Raised if `name` or a mapping below it is not among `mappings`; the message names it and its parent.
    """
    closure: dict[str, CompiledMapping] = {}
    waiting = [(name, "")]
    while waiting:
        wanted, parent = waiting.pop()
        if wanted in closure:
            continue
        mapping = mappings.get(wanted)
        if mapping is None:
            raise UnknownMappingError(
                f"{parent} refers to unknown mapping {wanted!r}."
                if parent
                else f"Unknown mapping {wanted!r}."
            )
        closure[wanted] = mapping
        waiting.extend((child, wanted) for child in mapping.children)
    return Context(closure[name], closure)


@dataclass(frozen=True, slots=True)
class _Reader:
    """The places, in headers of one layout, of the values that the rules of one instrument need.

    Attributes
    ----------
    instrument_place
        Place of the instrument's name in the minimal header; -1 if it is missing there.
    mode, dates
        Pickers of the values of the mode, and of each tuple of date parkeys.
    """

    instrument_place: int
    mode: Picker
    dates: tuple[Picker, ...]


class _Layout:
    """The places of parkeys in headers that have the same keys in the same order.

    Parameters
    ----------
    keys
        Keys of such headers.
    observatory
        The observatory, which may translate keys.
    instrument_key
        Upper case parkey that is tried first for the name of the instrument.

    Raises
    ------
    HeaderError
        Raised for a keyword that stands for several parkeys.
    """

    def __init__(self, keys: tuple[Any, ...], observatory: Observatory, instrument_key: str) -> None:
        self.places: dict[str, int] = {_translated(key, observatory): place for place, key in enumerate(keys)}
        for parkey, others in observatory.synonyms.items():
            self._add_synonym(parkey, others)
        spellings = (instrument_key, instrument_key.lower(), *INSTRUMENT_KEYWORDS)
        self.instrument_places = tuple(self.places[key] for key in spellings if key in self.places)
        self.readers: dict[str, _Reader] = {}

    def place(self, parkey: str) -> int:
        """Return the place of a parkey, in lower case first; if missing, -1 for the UNDEFINED at the end."""
        return self.places.get(parkey.lower(), self.places.get(parkey.upper(), -1))

    def _add_synonym(self, parkey: str, others: Sequence[str]) -> None:
        """Find a parkey that the header lacks under another keyword for the same fact."""
        found = next((place for other in others if (place := self.place(other)) >= 0), -1)
        if found >= 0 and self.place(parkey) < 0:
            self.places[parkey] = found

    def picker(self, parkeys: Sequence[str]) -> Picker:
        """Return a function that picks the values of these parkeys."""
        return picker_of_places(tuple(self.place(parkey) for parkey in parkeys))

    def reader(self, instrument: str, rules: InstrumentRules, instrument_key: str) -> _Reader:
        """Return the reader for one instrument, made at first use."""
        reader = self.readers.get(instrument)
        if reader is None:
            dates = tuple(self.picker(parkeys) for parkeys in rules.date_parkeys)
            reader = _Reader(self.place(instrument_key), self.picker(rules.mode_parkeys), dates)
            self.readers[instrument] = reader
        return reader


def _translated(key: Any, observatory: Observatory) -> Any:
    """Return the parkey that a header key means.

    Notes
    -----
    Source: ``fits_to_parkeys`` in the client's ``locate``; observatories without data models keep all keys.
    """
    if observatory.path_prefix is None:
        return key
    text = str(key)
    if text.lower().startswith(observatory.path_prefix):
        return text.upper()
    paths = observatory.keyword_paths.get(text.upper(), (text,))
    if len(paths) != 1:
        raise HeaderError(f"CRDS {observatory.title} Data Model ambiguity on {text!r} = {list(paths)!r}")
    return paths[0].upper()


class Context:
    """One context, or part of one, ready to answer. It is safe to use from any number of threads.

    Parameters
    ----------
    root
        Top mapping.
    closure
        The top mapping and all mappings below it, by name.
    """

    def __init__(self, root: CompiledMapping, closure: Mapping[str, CompiledMapping]) -> None:
        self.name = root.name
        self.observatory = root.observatory
        self._root = root
        self._closure = dict(closure)
        self.definition = root.definition
        # Early contexts name the instrument by another parkey than the observatory does now.
        own = root.parkeys[0].upper() if root.kind == "pmap" else self.definition.instrument_key
        self._instrument_key = own
        self._instruments: dict[str, InstrumentRules] = {}
        self._lock = Lock()
        self._layouts: Memo[tuple[Any, ...], _Layout] = Memo()

    def __repr__(self) -> str:
        return f"Context({self.name!r})"

    @property
    def is_whole(self) -> bool:
        """Return whether the top is a pmap, and not the rules of one instrument or type."""
        return self._root.kind == "pmap"

    def best_references(
        self,
        header: Mapping[str, object],
        reftypes: Sequence[str] | None = None,
        *,
        trace: Trace | None = None,
    ) -> dict[str, str]:
        """Return the best reference of each type for a dataset.

        Parameters
        ----------
        header
            Matching parameters of the dataset as in its header, by parkey or FITS keyword.
        reftypes
            Types wanted, in any case; all types of the instrument if None or empty.
        trace
            Receives a record of every step, if given.

        Returns
        -------
        dict
            Lower case type to file name, or to a text that begins with ``NOT FOUND``. Types that the rules
            leave out are missing.

        Raises
        ------
        HeaderError
            Raised if the header names no instrument of this context.

        Notes
        -----
        Source: ``get_best_references`` in ``crds.core.rmap``.
        """
        found = self._answers(header) if trace is None else self._traced(header, trace)
        if reftypes is None or (not reftypes and self._root.kind != "rmap"):
            return found
        return self._selected(found, reftypes, header)

    def _answers(self, header: Mapping[str, object]) -> dict[str, str]:
        layout = self._layout(header)
        values = (*header.values(), UNDEFINED)
        place, instrument = self._instrument(layout, values)
        rules = self._rules(instrument)
        reader = layout.reader(instrument, rules, self._instrument_key)
        if place != reader.instrument_place or not rules.is_plain:
            return self._careful(layout, values, rules, None)
        mode = as_texts(reader.mode(values))
        if len(reader.dates) == 1:
            return rules.answers(mode, (as_texts(reader.dates[0](values)),))
        return rules.answers(mode, tuple(as_texts(pick(values)) for pick in reader.dates))

    def timelines(self, instrument: str, reftypes: Iterable[str]) -> dict[str, ReftypeTimelines | None]:
        """Return the timelines of reference types; None for types that must be asked header by header.

        Parameters
        ----------
        instrument
            Lower case.
        reftypes
            Lower case.

        Raises
        ------
        HeaderError
            Raised if the context has no rules for the instrument.
        """
        rules = self._rules(instrument)
        # Headers are read in more than one way if a context names the instrument by another parkey.
        is_usual = self.is_whole and rules.is_plain and self._instrument_key == self.definition.instrument_key
        found: dict[str, ReftypeTimelines | None] = dict.fromkeys(reftypes)
        for reftype in found if is_usual else ():
            timelines = ReftypeTimelines(rules, reftype, self.definition.useafter_keys)
            found[reftype] = timelines if timelines.is_planned else None
        return found

    def _layout(self, header: Mapping[str, object]) -> _Layout:
        keys = tuple(header)
        layout = self._layouts.get(keys) or self._layouts.recall(keys)
        if layout is None:
            layout = _Layout(keys, self.definition, self._instrument_key)
            self._layouts.remember(keys, layout, 1000 + 200 * len(keys))
        return layout

    def _instrument(self, layout: _Layout, values: Sequence[object]) -> tuple[int, str]:
        """Return the place of the instrument in a header, and its lower case name."""
        if self._root.kind != "pmap":
            return layout.place(self._instrument_key), ""
        for place in layout.instrument_places:
            value = values[place]
            if self.definition.path_prefix is not None:
                value = str(value)
            if not isinstance(value, str):
                raise HeaderError(f"{type(value).__name__!r} object has no attribute 'upper'")
            if value.upper() != UNDEFINED:
                return place, value.lower()
        raise HeaderError(
            f"Missing '{self._instrument_key}' keyword in header for determining instrument.",
            detail=f"The header has {', '.join(map(str, layout.places)) or 'no keys'}.",
        )

    def _rules(self, instrument: str) -> InstrumentRules:
        """Return the rules of an instrument, made at first use."""
        rules = self._instruments.get(instrument)
        if rules is None:
            with self._lock:
                rules = self._instruments.get(instrument)
                if rules is None:
                    rules = self._instruments[instrument] = self._made_rules(instrument)
        return rules

    def _made_rules(self, instrument: str) -> InstrumentRules:
        if self._root.kind == "rmap":
            return rules_for(self._root.parkeys, {self._root.rules.filekind: self._root})
        if self._root.kind == "imap":
            return rules_for(self._required[""], self._selections(self._root))
        name = self._imap_for(instrument)
        parkeys = (*self._required[name], self._instrument_key)
        return rules_for(parkeys, self._selections(self._closure[name]))

    def _imap_for(self, instrument: str) -> str:
        wanted = self.definition.instrument_aliases.get(instrument, instrument)
        name = dict(self._root.selections).get(wanted)
        if name is None:
            raise UnknownInstrumentError(
                f"Unknown instrument {wanted!r} for context {self.name!r}",
                detail=f"The context knows {', '.join(self.instruments())}.",
            )
        if name in SPECIAL:
            raise HeaderError(
                "'str' object has no attribute 'get_required_parkeys'",
                detail=f"Instrument {wanted!r} is {name} in context {self.name!r}.",
            )
        return name

    def _selections(self, imap: CompiledMapping) -> dict[str, CompiledMapping | str]:
        return {key: value if value in SPECIAL else self._closure[value] for key, value in imap.selections}

    def _careful(
        self, layout: _Layout, values: Sequence[object], rules: InstrumentRules, trace: Trace | None
    ) -> dict[str, str]:
        """Answer in the same steps as the client, for odd headers and for records.

        If a header gives the instrument twice, the first value decides which parkeys are read. The
        instrument among these parkeys then decides which rules apply.
        """
        picked = as_texts(tuple(values[layout.place(parkey)] for parkey in rules.parkeys))
        minimal = {
            parkey.upper(): condition(text) for parkey, text in zip(rules.parkeys, picked, strict=True)
        }
        instrument = ""
        if self._root.kind == "pmap":
            again = _Layout(tuple(minimal), self.definition, self._instrument_key)
            _place, instrument = self._instrument(again, tuple(minimal.values()))
            rules = self._rules(instrument)
        if trace is not None:
            trace.context, trace.instrument = self.name, instrument or self._root.instrument or ""
        return rules.answer_each(minimal, trace)

    def _traced(self, header: Mapping[str, object], trace: Trace) -> dict[str, str]:
        layout = self._layout(header)
        values = (*header.values(), UNDEFINED)
        _place, instrument = self._instrument(layout, values)
        return self._careful(layout, values, self._rules(instrument), trace)

    def _selected(
        self, found: Mapping[str, str], reftypes: Sequence[str], header: Mapping[str, object]
    ) -> dict[str, str]:
        """Return the answers for the wanted types. An unknown type gets an answer, not an error."""
        if self._root.kind == "rmap":
            filekind = self._root.filekind
            if filekind not in reftypes:
                raise UnknownReftypeError(
                    f"ReferenceMapping {self.name!r} can only compute bestrefs"
                    f" for type {filekind!r} not {reftypes}"
                )
            return dict(found)
        layout = self._layout(header)
        _place, instrument = self._instrument(layout, (*header.values(), UNDEFINED))
        known = self._rules(instrument).selections
        wanted: dict[str, str] = {}
        for reftype in map(_lower, reftypes):
            if reftype not in known:
                wanted[reftype] = f"NOT FOUND Unknown reference type {reftype!r}"
            elif reftype in found:
                wanted[reftype] = found[reftype]
        return wanted

    @cached_property
    def _required(self) -> dict[str, tuple[str, ...]]:
        """Name of each imap to the sorted parkeys of it and its rmaps; "" means the imap at the top."""
        imaps = [mapping for mapping in self._closure.values() if mapping.kind == "imap"]
        required = {imap.name: self._required_by(imap) for imap in imaps}
        if self._root.kind == "imap":
            required[""] = required[self._root.name]
        return required

    def _required_by(self, imap: CompiledMapping) -> tuple[str, ...]:
        parkeys = set(imap.parkeys)
        for child in imap.children:
            parkeys.update(self._closure[child].parkeys)
        return tuple(sorted(parkeys))

    def with_rmaps(self, rmaps: Iterable[CompiledMapping]) -> Context:
        """Return this context as it would be with other rules for some types. It keeps its name.

        Parameters
        ----------
        rmaps
            Reference mappings of instruments that the context has.

        Raises
        ------
        UnknownInstrumentError
            Raised if the context has no rules for the instrument of one of them.
        """
        closure = dict(self._closure)
        for rmap in rmaps:
            imap = closure[self._imap_for(rmap.instrument or "")]
            selections = dict(imap.selections) | {rmap.filekind or "": rmap.name}
            closure[imap.name] = replace(imap, selections=tuple(selections.items()))
            closure[rmap.name] = rmap
        return Context(self._root, closure)

    def required_parkeys(self) -> dict[str, list[str]] | list[str]:
        """Return the parkeys that a dataset must have: by instrument for a pmap, otherwise a list."""
        if self._root.kind == "rmap":
            return list(self._root.parkeys)
        if self._root.kind == "imap":
            return list(self._required[""])
        return {
            instrument: [*self._root.parkeys, *self._required[name]]
            for instrument, name in sorted(self._root.selections)
            if name not in SPECIAL
        }

    def mapping_names(self) -> tuple[str, ...]:
        """Return the names of all mappings of the context, itself included, sorted."""
        return tuple(sorted(self._closure))

    def reference_names(self) -> tuple[str, ...]:
        """Return the names of all references in the rules of the context, sorted."""
        return tuple(sorted({name for mapping in self._closure.values() for name in mapping.references}))

    def instruments(self) -> tuple[str, ...]:
        """Return the lower case names of the instruments that have rules, sorted."""
        if self._root.kind != "pmap":
            return (self._root.instrument or "",)
        return tuple(sorted(key for key, value in self._root.selections if value not in SPECIAL))

    def reftypes(self, instrument: str) -> tuple[str, ...]:
        """Return the lower case types of an instrument, in the order of its rules, special ones included."""
        return tuple(self._rules(instrument).selections)

    def imap_name(self, instrument: str) -> str | None:
        """Return the imap of an instrument, a special value (``N/A``), or None if it is unknown."""
        if self._root.kind == "pmap":
            return dict(self._root.selections).get(instrument.lower())
        return (
            self.name if self._root.kind == "imap" and self._root.instrument == instrument.lower() else None
        )

    def rmap_name(self, instrument: str, filekind: str) -> str | None:
        """Return the rmap of a type, a special value (``N/A``, ``OMIT``), or None if it is unknown."""
        if self._root.kind == "rmap":
            mine = (self._root.instrument, self._root.filekind)
            return self.name if mine == (instrument.lower(), filekind.lower()) else None
        imap = self._closure.get(self.imap_name(instrument) or "")
        return dict(imap.selections).get(filekind.lower()) if imap else None


def _lower(reftype: object) -> str:
    if not isinstance(reftype, str):
        raise HeaderError(f"{type(reftype).__name__!r} object has no attribute 'lower'")
    return reftype.lower()
