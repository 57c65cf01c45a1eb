"""The definition of an observatory as its people write it: one value, read from one file.

`definition_reader` reads it from text. The engine works with an `Observatory`, which
`definition_engine` makes from it; the client package and the constraint files follow from it as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "ALL",
    "Constraint",
    "Datasets",
    "DefinedInstrument",
    "DefinedType",
    "Definition",
    "Mission",
    "TimedNaming",
    "Vocabulary",
]


# What stands for "all types" and "all instruments" in the client.
ALL = "all"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The values that a keyword may have.

    Attributes
    ----------
    values
        Upper case for texts; empty if every value is allowed.
    type
        One of the words of `Constraint.type`.
    """

    values: tuple[str, ...] = ()
    type: str = "text"


@dataclass(frozen=True, slots=True)
class Constraint:
    """One condition on a reference file.

    Attributes
    ----------
    keyword
        Upper case keyword or path, or the name of an array or column.
    required
        ``yes``, ``no``, ``warn`` or ``excluded``.
    when
        Expression in parentheses that says for which files the keyword is required; it replaces `required`.
        Empty if there is none.
    values
        Allowed values; empty if every value is allowed.
    form
        Named check of the client, such as ``&JWSTDATE``; empty if there is none.
    check
        Expression in parentheses that must be true for the file; empty if there is none.
    type
        ``text``, ``exact`` (text with its case), ``integer``, ``real``, ``double`` or ``logical``.
    place
        ``header``, ``column``, ``group``, ``array`` (its form) or ``data`` (its values).
    """

    keyword: str
    required: str = "no"
    when: str = ""
    values: tuple[str, ...] = ()
    form: str = ""
    check: str = ""
    type: str = "text"
    place: str = "header"


@dataclass(frozen=True, slots=True)
class DefinedType:
    """One type of references of one instrument.

    Attributes
    ----------
    name, text
        Lower case name, and what people call it.
    match
        Match keys in their order, upper case. Empty if one file serves all data of the instrument.
    select
        ``UseAfter``, ``ClosestTime`` or ``Match``: how one of the files that match is chosen by time;
        ``Match`` takes no notice of time.
    extension
        With its period, such as ``.fits``.
    suffix
        Short name of the type in file names and names of constraint files.
    row_keys
        Columns whose values together name one row of such a table.
    relevance
        Expression on the header of a dataset that says whether the type applies; empty for always.
    match_relevance
        Match key to the expression that says when it counts.
    keywords
        Vocabulary of this type alone, before those of the instrument and the observatory.
    constraints
        Conditions besides presence and values of the match keys.
    is_provisional
        Whether files that a program delivers are confirmed at once, and marked provisional.
    """

    name: str
    text: str
    match: tuple[str, ...]
    select: str = "UseAfter"
    extension: str = ".fits"
    suffix: str = ""
    row_keys: tuple[str, ...] = ()
    relevance: str = ""
    match_relevance: Mapping[str, str] = field(default_factory=dict)
    keywords: Mapping[str, Vocabulary] = field(default_factory=dict)
    constraints: tuple[Constraint, ...] = ()
    is_provisional: bool = False


@dataclass(frozen=True, slots=True)
class DefinedInstrument:
    """One instrument, with its types by name and what holds for all of them."""

    name: str
    types: Mapping[str, DefinedType]
    keywords: Mapping[str, Vocabulary] = field(default_factory=dict)
    constraints: tuple[Constraint, ...] = ()


@dataclass(frozen=True, slots=True)
class Datasets:
    """The grammar of dataset ids; the attributes are those of `dataset_ids.DatasetIds` as texts.

    Attributes
    ----------
    instruments
        Pattern of one half of an id, and the instrument of such exposures; the first that fits counts.
    """

    examples: tuple[str, ...]
    file_name: str
    exposure_keys: tuple[str, ...]
    product_keys: tuple[str, ...] = ()
    program_keys: tuple[str, ...] = ()
    instruments: tuple[tuple[str, str], ...] = ()
    detector: str = ""
    no_product: tuple[str, ...] = ("", "NONE", "N/A", "UNDEFINED")
    key_prefix: str = ""
    exposure_type_keys: tuple[str, ...] = ("META.EXPOSURE.TYPE", "EXP_TYPE", "OBSTYPE", "IMAGETYP")


@dataclass(frozen=True, slots=True)
class TimedNaming:
    """The naming rule of references that are named by the time of delivery; see `TimedNames`."""

    characters: Mapping[str, str]
    kept: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Mission:
    """The facts about an observatory that the client knows by itself, and that no other one can have.

    Attributes
    ----------
    is_default
        Whether the client takes this observatory unless somebody names another.
    is_test
        Whether it has no data.
    has_demo, headers_name_reftype, path_prefix, keyword_paths, extra_parkeys, instrument_aliases, expansions
        See `Observatory`.
    data_models
        Python module of the data models with which the client translates headers; empty if there is none.
    hooks
        Instrument to the name of its special cases in `hooks`.
    exemption
        Name of the test in `hooks` that excuses a failed lookup; empty if there is none.
    """

    is_default: bool = False
    is_test: bool = False
    has_demo: bool = False
    headers_name_reftype: bool = False
    instrument_aliases: Mapping[str, str] = field(default_factory=dict)
    path_prefix: str | None = None
    data_models: str = ""
    keyword_paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    extra_parkeys: tuple[str, ...] = ()
    hooks: Mapping[str, str] = field(default_factory=dict)
    exemption: str = ""
    expansions: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """The whole definition of one observatory.

    Attributes
    ----------
    name, title, version
        Lower case name; what people write; version of the definition and of the client package.
    server
        Public address of the server, without a slash at its end; empty if the server tells its own.
    telescopes
        What data name as their telescope, lower case.
    calibration_software
        Distribution whose version decides the build context; empty if there is none.
    instrument_key, useafter_keys
        Keywords of data: the instrument; and date and time, or one that holds both.
    provenance
        Keywords that tell the origin of a reference.
    record_as
        Form of the keyword under which data name the reference of a type, with ``{type}`` or ``{type:.6}``.
    synonyms
        Keyword to other keywords for the same fact.
    patterns
        Keyword of references to the keyword of data whose value it matches; its value may be a list ``A|B``.
    every_reference
        Conditions on all references.
    keywords
        Keyword to its vocabulary.
    instruments
        By name, sorted.
    datasets
        The grammar of dataset ids.
    naming
        None if references are numbered.
    banner
        A text for all pages; empty if there is none.
    checked_keywords, compliance_checks
        Questions of the form for deliveries; see `Observatory`.
    release_page
        Address of the page of a release of the calibration software, with ``{version}``.
    mission
        None unless the client knows the observatory by itself.
    plain
        The definition as it was read: texts, lists and mappings only, so that it can be written as JSON.
    """

    name: str
    title: str
    version: str
    server: str
    telescopes: tuple[str, ...]
    calibration_software: str
    instrument_key: str
    useafter_keys: tuple[str, ...]
    provenance: tuple[str, ...]
    record_as: str
    synonyms: Mapping[str, tuple[str, ...]]
    patterns: Mapping[str, str]
    every_reference: tuple[Constraint, ...]
    keywords: Mapping[str, Vocabulary]
    instruments: Mapping[str, DefinedInstrument]
    datasets: Datasets
    naming: TimedNaming | None
    banner: str
    checked_keywords: tuple[str, ...]
    compliance_checks: tuple[str, ...]
    release_page: str
    plain: Mapping[str, Any]
    mission: Mission | None = None

    def vocabulary(self, instrument: str, reftype: str, keyword: str) -> Vocabulary:
        """Return the values that a keyword may have in references of a type, from the nearest vocabulary."""
        found = self.instruments[instrument]
        for place in (found.types[reftype].keywords, found.keywords, self.keywords):
            if keyword in place:
                return place[keyword]
        return Vocabulary()


@dataclass(frozen=True, slots=True)
class TakenNames:
    """The names that the client knows without a definition.

    Attributes
    ----------
    observatories
        Names of observatories; the client looks for them within other texts.
    instruments
        Instrument to its observatory.
    """

    observatories: tuple[str, ...]
    instruments: Mapping[str, str]


NO_NAMES = TakenNames((), {})
