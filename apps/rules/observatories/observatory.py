"""The definition of an observatory: a value that holds all its differences from other observatories."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

# Changes a conditioned header in place. A missing key is a KeyError. The text of any error follows
# ``NOT FOUND`` in the answer.
Change = Callable[[MutableMapping[str, str]], None]

_PATH = "META."  # the beginning of paths in data models


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


# Values of match keys that every observatory rewrites; an rmap overrides them parkey by parkey.
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
        All parkeys that the test uses.
    applies
        The test. It gets conditioned values; an error counts as no.
    """

    parkeys: tuple[str, ...]
    applies: Callable[[Mapping[str, str]], bool]


@dataclass(frozen=True, slots=True)
class TimedNames:
    """The rules for names of references that encode the time of delivery.

    Attributes
    ----------
    characters
        Instrument to its character in names.
    kept
        Instrument and reference type of files that keep the name they arrive with.
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
        FITS keyword to its data model paths, if headers are translated; otherwise empty.
    path_prefix
        Lower case prefix of keys that are already data model paths. None if headers are not translated.
    extra_parkeys
        Parkeys that every reference mapping requires besides its own.
    substitutions
        Parkey to old to new value in match keys.
    expansions
        Instrument to parkey to condition to expansion, applied to headers of new references.
    hooks
        Instrument to hook name to hook.
    exemption
        Test that excuses a failed lookup, if the observatory has one.
    instrument_aliases
        Obsolete instrument names that headers still have, to the present names.
    timed_names
        Rules for names by time; None if references are numbered.
    checked_keywords
        Keywords that deliverers must check besides those of all observatories.
    compliance_checks
        Formats and programs with which a delivery is verified.
    release_page
        Address of the page of a release of the calibration software, with ``{version}`` for its version;
        empty if contexts do not belong to versions.
    headers_name_reftype
        Whether headers of datasets hold the parkey of the instrument's own rules, ``REFTYPE``, as UNDEFINED.
    key_prefix
        Prefix of the paths ``META.`` in headers; empty if there is none.
    synonyms
        Parkey to other keywords that hold the same fact, for headers without the parkey.
    banner
        A text for all pages; empty if there is none.
    has_demo
        Whether a server of this observatory can be filled with the demo.
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
    instrument_aliases: Mapping[str, str] = field(default_factory=dict)
    timed_names: TimedNames | None = None
    checked_keywords: tuple[str, ...] = ("REFTYPE", "AUTHOR")
    compliance_checks: tuple[str, ...] = ("fits", "json", "asdf", "certify")
    release_page: str = ""
    headers_name_reftype: bool = False
    key_prefix: str = ""
    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    banner: str = ""
    has_demo: bool = False

    @property
    def instruments(self) -> tuple[str, ...]:
        """Lower case names of the instruments, sorted."""
        return tuple(self.types)

    def spellings(self, keywords: Iterable[str]) -> Iterator[str]:
        """Yield keywords, and after each path of data models the same path with the prefix of this one."""
        for keyword in keywords:
            yield keyword
            if self.key_prefix and keyword.startswith(_PATH):
                yield self.key_prefix + keyword

    @property
    def reftypes(self) -> Mapping[str, Mapping[str, str]]:
        """Instrument to reference type to its description."""
        return {
            instrument: {filekind: facts["text"] for filekind, facts in kinds.items()}
            for instrument, kinds in self.types.items()
        }
