"""The contexts that are made from the deliveries."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from apps.demo import OBSERVATORY
from apps.demo.deliveries import DELIVERIES, DemoDelivery
from apps.demo.reference_types import ASKED_FOR, DATE_PARKEYS, PARKEYS, TYPES
from apps.demo.references import Reference, name_references, next_name
from apps.rules.observatories import get_observatory
from apps.rules.text.parser import RawSelector
from apps.rules.text.writer import write_mapping

# Match key to useafter date to reference name.
Cases = dict[tuple[str, ...], dict[str, str]]
Place = tuple[str, str]  # instrument and reference type; the type is empty for an imap, both for the pmap


@dataclass(frozen=True)
class RulesFile:
    """One mapping of a release."""

    name: str
    instrument: str
    filekind: str
    derived_from: str
    text: str


@dataclass(frozen=True)
class Release:
    """The files of one delivery: its references, and a context that contains them.

    Attributes
    ----------
    mappings
        New ones only; rmaps before imaps before the pmap, so that no mapping names a later one.
    replaced
        Name of a reference to the name of the one that replaced it in the rules.
    """

    delivery: DemoDelivery
    references: tuple[Reference, ...]
    mappings: tuple[RulesFile, ...]
    replaced: Mapping[str, str]

    @property
    def names(self) -> list[str]:
        """Names of all its files."""
        return [reference.name for reference in self.references] + [mapping.name for mapping in self.mappings]

    @property
    def context(self) -> str:
        """Name of its pmap."""
        return self.mappings[-1].name


@dataclass
class _Rules:
    """The growing rules, from delivery to delivery."""

    cases: dict[Place, Cases] = field(default_factory=lambda: defaultdict(dict))
    names: dict[Place, str] = field(default_factory=dict)
    serials: Counter[str] = field(default_factory=Counter)

    def insert(self, reference: Reference) -> str | None:
        """Add a reference, and return the one that it replaced."""
        dates = self.cases[reference.instrument, reference.reftype].setdefault(reference.match, {})
        withdrawn = dates.pop(str(reference.withdrawn)) if reference.withdrawn else None
        dates[str(reference.useafter)] = reference.name
        return withdrawn

    def write(self, place: Place, header: Mapping[str, Any], selector: Any) -> RulesFile:
        """Write the next version of the mapping at `place`."""
        instrument, filekind = place
        extension = ".rmap" if filekind else ".imap" if instrument else ".pmap"
        derived_from = self.names.get(place, "made for the demo")
        name = next_name("_".join(filter(None, place)), extension, self.serials)
        self.names[place] = name
        common = {"derived_from": derived_from, "name": name, "observatory": OBSERVATORY.upper()}
        text = write_mapping({**header, **common}, selector)
        return RulesFile(name, instrument, filekind, derived_from, text)


@cache
def releases() -> tuple[Release, ...]:
    """Return every release, oldest first."""
    rules = _Rules()
    return tuple(_release(delivery, rules) for delivery in DELIVERIES)


def _release(delivery: DemoDelivery, rules: _Rules) -> Release:
    references = tuple(name_references(delivery, rules.serials))
    replaced = {}
    for reference in references:
        if previous := rules.insert(reference):
            replaced[previous] = reference.name
    touched = sorted({(reference.instrument, reference.reftype) for reference in references})
    mappings = [_rmap(place, rules) for place in touched]
    mappings += [_imap(instrument, rules) for instrument in sorted({place[0] for place in touched})]
    return Release(delivery, references, (*mappings, _pmap(rules)), replaced)


def _rmap(place: Place, rules: _Rules) -> RulesFile:
    instrument, reftype = place
    facts = TYPES[instrument][reftype]
    described = get_observatory(OBSERVATORY).types[instrument][reftype]
    header = {
        "classes": ("Match", "UseAfter"),
        "file_ext": facts.extension,
        "filekind": reftype.upper(),
        "filetype": reftype.upper(),
        "instrument": instrument.upper(),
        "mapping": "REFERENCE",
        "parkey": (facts.parkeys, DATE_PARKEYS),
        "suffix": described["suffix"],
        "text_descr": described["text"],
        **_translations(facts.keywords, facts.extension),
    }
    not_applicable = [tuple(match.split()) for match in facts.not_applicable]
    return rules.write(place, header, _match(rules.cases[place], not_applicable))


def _translations(keywords: tuple[str, ...], extension: str) -> dict[str, Any]:
    """Return the translations that read match keys from a reference, and those of values that mean any."""
    translations: dict[str, Any] = {}
    if extension != ".fits":
        translations["reference_to_dataset"] = {keyword: PARKEYS[keyword] for keyword in keywords}
    if "SUBARRAY" in keywords:
        translations["substitutions"] = {PARKEYS["SUBARRAY"]: {"GENERIC": "N/A"}}
    return translations


def _match(cases: Cases, not_applicable: Iterable[tuple[str, ...]]) -> RawSelector:
    rows: dict[Any, Any] = {_key(match): "N/A" for match in not_applicable}
    rows.update({_key(match): RawSelector("UseAfter", dict(dates)) for match, dates in cases.items()})
    return RawSelector("Match", rows)


def _key(match: tuple[str, ...]) -> str | tuple[str, ...]:
    """Return a match key in the form of the rules: a single value is not in a tuple."""
    return match[0] if len(match) == 1 else match


def _imap(instrument: str, rules: _Rules) -> RulesFile:
    header = {"instrument": instrument.upper(), "mapping": "INSTRUMENT", "parkey": ("REFTYPE",)}
    selector = {} if instrument == "system" else {reftype.upper(): "N/A" for reftype in ASKED_FOR}
    selector.update(
        {place[1].upper(): name for place, name in rules.names.items() if place[0] == instrument and place[1]}
    )
    return rules.write((instrument, ""), header, selector)


def _pmap(rules: _Rules) -> RulesFile:
    header = {"mapping": "PIPELINE", "parkey": ("META.INSTRUMENT.NAME",)}
    selector = {place[0].upper(): name for place, name in rules.names.items() if place[0] and not place[1]}
    return rules.write(("", ""), header, selector)
