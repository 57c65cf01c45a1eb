"""What distinguishes one observatory from another, as a value."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

# Changes a conditioned header in place. A missing key is a KeyError, and whatever is raised is the reason
# given for ``NOT FOUND``.
Change = Callable[[MutableMapping[str, str]], None]


@dataclass(frozen=True, slots=True)
class Hook:
    """Rewriting of a conditioned header before matching, or after matching failed.

    Attributes
    ----------
    change
        The rewriting. It must leave the date alone.
    parkeys
        All parkeys other than dates that it reads or writes.
    epochs
        Sorted dates, as compared, at which the rewriting changes; between two of them the date does not
        matter.
    """

    change: Change
    parkeys: tuple[str, ...]
    epochs: tuple[str, ...] = ()


# Keywords that may name the instrument, tried in this order after the observatory's own.
# Source: ``INSTRUMENT_KEYWORDS`` of the client, which are the same for all observatories.
INSTRUMENT_KEYWORDS = (
    "INSTRUME",
    "META.INSTRUMENT.NAME",
    "META_INSTRUMENT_NAME",
    "INSTRUMENT",
    "ROMAN.META.INSTRUMENT.NAME",
    "META.INSTRUMENT.TYPE",
    "META_INSTRUMENT_TYPE",
)

# Values of match keys every observatory rewrites; an rmap replaces them parkey by parkey.
DEFAULT_SUBSTITUTIONS: Mapping[str, Mapping[str, str]] = {
    "META.SUBARRAY.NAME": {"GENERIC": "N/A"},
    "SUBARRAY": {"GENERIC": "N/A"},
}


@dataclass(frozen=True, slots=True)
class Exemption:
    """Headers for which a failed lookup means "not applicable" ("do not reprocess" in the client).

    Attributes
    ----------
    parkeys
        All parkeys the test looks at.
    applies
        The test; it is given conditioned values and may raise, which counts as no.
    """

    parkeys: tuple[str, ...]
    applies: Callable[[Mapping[str, str]], bool]


@dataclass(frozen=True, slots=True)
class TimedNames:
    """How references are named where their names tell the time they were delivered.

    Attributes
    ----------
    characters
        Instrument to the character that stands for it.
    kept
        Instrument and reference type of files which keep the name they come with.
    """

    characters: Mapping[str, str]
    kept: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Observatory:
    """One observatory: its words, its reference types and its special cases.

    Attributes
    ----------
    name, title
        Lower case name as on the wire, and as people write it.
    instruments
        Lower case names, sorted.
    reftypes
        Instrument to reference type to its description.
    types
        Instrument to reference type to ``text``, ``suffix``, ``extension`` and ``row_keys``.
    instrument_key
        Parkey that names the instrument of a dataset.
    useafter_keys
        Dataset parkeys that hold date and time; one key may hold both.
    keyword_paths
        FITS keyword to the data model paths it stands for, where headers are translated; else empty.
    path_prefix
        Lower case prefix of keys which already are data model paths. None if headers are not translated.
    extra_parkeys
        Parkeys every reference mapping requires besides its own.
    substitutions
        Parkey to old to new value in match keys.
    expansions
        Instrument to parkey to condition to expansion, applied to headers of new references.
    hooks
        Instrument to hook name to hook.
    exemption
        Test which excuses a failed lookup, if the observatory has one.
    instrument_aliases
        Obsolete instrument names still found in headers.
    timed_names
        How references are named by time; None where they are numbered.
    checked_keywords
        Keywords that deliverers are asked to have checked besides those that all observatories ask for.
    compliance_checks
        Formats and programs that a delivery is to be verified against.
    release_page
        Where a release of the calibration software is described, with ``{version}`` for its version; empty if
        contexts belong to no version.
    headers_name_reftype
        Whether headers of datasets hold the parkey of the instrument's own rules, ``REFTYPE``, as UNDEFINED.
    """

    name: str
    title: str
    instrument_key: str
    useafter_keys: tuple[str, ...]
    types: Mapping[str, Mapping[str, Mapping[str, Any]]]
    expansions: Mapping[str, Mapping[str, Mapping[str, str]]]
    keyword_paths: Mapping[str, tuple[str, ...]]
    path_prefix: str | None = None
    extra_parkeys: tuple[str, ...] = ()
    substitutions: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: DEFAULT_SUBSTITUTIONS)
    hooks: Mapping[str, Mapping[str, Hook]] = field(default_factory=dict)
    exemption: Exemption | None = None
    instrument_aliases: Mapping[str, str] = field(default_factory=lambda: {"wfii": "wfpc2"})
    timed_names: TimedNames | None = None
    checked_keywords: tuple[str, ...] = ("REFTYPE", "AUTHOR")
    compliance_checks: tuple[str, ...] = ("fits", "json", "asdf", "certify")
    release_page: str = ""
    headers_name_reftype: bool = False

    @property
    def instruments(self) -> tuple[str, ...]:
        """Lower case names of the instruments, sorted."""
        return tuple(self.types)

    @property
    def reftypes(self) -> Mapping[str, Mapping[str, str]]:
        """Instrument to reference type to its description."""
        return {
            instrument: {filekind: facts["text"] for filekind, facts in kinds.items()}
            for instrument, kinds in self.types.items()
        }


def generated_facts(name: str) -> dict[str, Any]:
    """Return ``types``, ``expansions`` and ``keyword_paths`` as `generate` wrote them for `name`."""
    text = resources.files(__package__).joinpath("data", f"{name}.json").read_text(encoding="utf-8")
    facts = json.loads(text)
    facts["keyword_paths"] = {key: tuple(paths) for key, paths in facts["keyword_paths"].items()}
    return dict(facts)
