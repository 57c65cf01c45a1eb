"""The keys of a definition: one table for the reader, the JSON schema and the file that we write for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from apps.rules.observatories.definition import ALL
from apps.rules.observatories.definition_kinds import (
    DefinedKey,
    KeyTable,
    ListValue,
    MapValue,
    OneOf,
    Reading,
    TextValue,
)
from apps.rules.observatories.definition_lines import TreeNode
from apps.rules.observatories.hooks import EXEMPTION_NAMES, HOOK_NAMES

FORMS = (
    "&ANYDATE", "&FILEEXISTS", "&ISOMORPHICFITSVER", "&ISOMORPHICFITSVER1", "&ISOMORPHICFITSVER2",
    "&ISOMORPHICFITSVER4", "&JWSTDATE", "&JWSTPEDIGREE", "&KERNELUNITY", "&PEDIGREE", "&SLASHDATE", "&SYBDATE",
    "&SYNPHOTGRAPH", "&SYNPHOTLOOKUP",
)  # fmt: skip
EXTENSIONS = (".fits", ".asdf", ".json", ".yaml", ".text", ".r0h", ".r1h", ".r2h", ".r3h", ".r4h", ".r5h", ".r6h",
              ".r7h", ".r8h", ".r9h")  # fmt: skip
SELECTORS = ("UseAfter", "ClosestTime", "Match")
# Selectors by the version of software, which the client has for types of its own.
MISSION_SELECTORS = (*SELECTORS, "VersionAfter")
TYPES = ("text", "exact", "integer", "real", "double", "logical")
PLACES = ("header", "column", "group", "array", "data")
REQUIRED = ("yes", "no", "warn", "excluded")
# Words that YAML of version 1.1 reads as yes and no.
_REQUIRED_WORDS = {"true": "yes", "on": "yes", "false": "no", "off": "no"}


def _required_word(text: str) -> str:
    return _REQUIRED_WORDS.get(text.lower(), text.lower())


LINE = TextValue(r"[^\n]+", "one line of text", longest=200)
WORDS = TextValue(r"[\s\S]*", "a text")
KEYWORD = TextValue(
    r"[A-Z_][A-Z0-9_.\-]*", "a keyword of letters, digits, _, - and periods, such as FILTER", str.upper, 80
)
# A value goes into mappings and constraint files, so it has no quotes, commas and backslashes.
VALUE = TextValue(
    r"[^\"'\\,\n#(&][^\"'\\,\n#]*",
    "a value without quotes, commas, backslashes and #, which does not begin with ( or &",
    str.upper,
    80,
)
EXACT_VALUE = TextValue(VALUE.pattern, VALUE.says, longest=80)
NAME = TextValue(r"[a-z]{2,8}", "2 to 8 letters from a to z; the client accepts no other names")
INSTRUMENT = TextValue(
    r"[a-z][a-z0-9]{1,16}", "a letter and then 1 to 16 letters or digits, lower case, such as nirc2"
)
REFTYPE = TextValue(
    r"[a-z][a-z0-9-]{1,32}", "a letter and then 1 to 32 letters, digits or hyphens, lower case, such as dark"
)
SUFFIX = TextValue(r"[a-z0-9][a-z0-9-]{1,32}", "2 to 33 letters, digits or hyphens, lower case, such as drk")
VERSION = TextValue(r"[0-9]+(\.[0-9]+){0,3}", "a version of numbers and periods, such as 1.0", longest=40)
SERVER = TextValue(
    r"https?://[A-Za-z0-9.\-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/\-]*)?",
    "an address such as https://crds.example.org",
    lambda text: text.rstrip("/"),
)
DISTRIBUTION = TextValue(r"[A-Za-z][A-Za-z0-9._\-]{0,63}", "the name of a Python distribution")
RECORD = TextValue(
    r"[A-Z0-9_\-]*\{type(:\.[1-8])?\}[A-Z0-9_\-]*",
    "a keyword with {type} or {type:.6} in it, such as R_{type:.6}",
)
CONDITION = TextValue(r"\([\s\S]+\)", "a condition in parentheses, such as (DETECTOR == 'CCD')")
PATTERN = TextValue(r"[^\n]+", "a regular expression", longest=400)
HALF = TextValue(
    r"[A-Z0-9][A-Z0-9._:\-]*", "a dataset id of letters, digits, periods, _ and -", str.upper, 200
)
CHARACTER = TextValue(r"[a-z]", "one letter")

VOCABULARY = KeyTable(
    (
        DefinedKey(
            "values",
            ListValue(VALUE),
            "Values that the keyword may have; without them every value is allowed.",
        ),
        DefinedKey("type", OneOf(TYPES), "What the values are; text if you do not say."),
    ),
    short="values",
)
CONSTRAINT = KeyTable(
    (
        DefinedKey("required", OneOf(REQUIRED, _required_word), "Whether a file must have the keyword."),
        DefinedKey("when", CONDITION, "Condition on the file under which the keyword is required."),
        DefinedKey("values", ListValue(EXACT_VALUE), "Allowed values."),
        DefinedKey(
            "form",
            OneOf(FORMS, str.upper),
            "A form that the client knows, such as &JWSTDATE for useafter dates.",
        ),
        DefinedKey("check", CONDITION, "Condition that must be true for the file."),
        DefinedKey("type", OneOf(TYPES), "What the values are; text if you do not say."),
        DefinedKey("place", OneOf(PLACES), "Where the keyword stands; header if you do not say."),
    ),
    short="values",
)
PROVISIONAL = DefinedKey(
    "provisional",
    OneOf(("yes", "no"), _required_word),
    "yes: files that a program delivers are confirmed at once, and marked provisional.",
)
CONSTRAINTS = MapValue(KEYWORD, CONSTRAINT)
VOCABULARIES = MapValue(KEYWORD, VOCABULARY)


def _reference_type(selectors: tuple[str, ...]) -> KeyTable:
    return KeyTable(
        (
            DefinedKey("text", LINE, "What people call the type, such as Dark current.", is_required=True),
            DefinedKey(
                "match",
                ListValue(KEYWORD, minimum=1, maximum=30, empty_word="nothing"),
                "The keywords that choose a file, such as [DETECTOR, FILTER]; "
                "write `match: nothing` if one file serves all data of the instrument.",
                is_required=True,
            ),
            DefinedKey("select", OneOf(selectors), "How time chooses: UseAfter (the usual one), ClosestTime, or Match for not at all."),
            DefinedKey("extension", OneOf(EXTENSIONS), "Ending of the files; .fits if you do not say."),
            DefinedKey("suffix", SUFFIX, "Short name of the type in file names; its name if you do not say."),
            DefinedKey("row_keys", ListValue(TextValue(r"[A-Za-z_][A-Za-z0-9_.\-]*", "the name of a column", longest=80)), "Columns whose values together name one row of such a table."),
            DefinedKey("relevance", CONDITION, "Condition on the data under which they need this type."),
            DefinedKey("match_relevance", MapValue(KEYWORD, CONDITION), "Match key to the condition on the data under which it counts."),
            PROVISIONAL,
            DefinedKey("keywords", VOCABULARIES, "Vocabulary of this type alone."),
            DefinedKey("constraints", CONSTRAINTS, "Further conditions on such files."),
        )
    )  # fmt: skip


REFERENCE_TYPE = _reference_type(SELECTORS)
SHARED = KeyTable(
    (
        DefinedKey("keywords", VOCABULARIES, "Vocabulary of this instrument."),
        DefinedKey("constraints", CONSTRAINTS, "Conditions on all references of this instrument."),
    )
)


@dataclass(frozen=True)
class InstrumentKind:
    """The types of an instrument by name, and under ``all`` what they share."""

    types: MapValue

    def read(self, node: TreeNode, path: tuple[str, ...], reading: Reading) -> dict[str, Any] | None:
        if not isinstance(node.value, dict):
            return self.types.read(node, path, reading)
        rest = {name: child for name, child in node.value.items() if name != ALL}
        read = self.types.read(TreeNode(node.line, rest, node.key_line), path, reading)
        if read is not None and ALL in node.value:
            reading.lines[*path, ALL] = node.value[ALL].key_line
            read[ALL] = SHARED.read(node.value[ALL], (*path, ALL), reading) or {}
        return read

    def schema(self) -> dict[str, Any]:
        return {**self.types.schema(), "properties": {ALL: SHARED.schema()}}


def _instruments(reference_type: KeyTable) -> DefinedKey:
    types = InstrumentKind(MapValue(REFTYPE, reference_type, minimum=1))
    about = "Instrument to its types; `all` holds what all its types share."
    return DefinedKey("instruments", MapValue(INSTRUMENT, types, minimum=1), about, is_required=True)


DATASETS = KeyTable(
    (
        DefinedKey("example", ListValue(HALF, minimum=1, maximum=10), "An id to show people; with a product, product:exposure.", is_required=True),
        DefinedKey("file_name", PATTERN, "Pattern of the names of data files in upper case; its groups, joined by a period, are the id.", is_required=True),
        DefinedKey("exposure_keys", ListValue(KEYWORD, minimum=1), "Keywords of data that hold the id or the file name.", is_required=True),
        DefinedKey("product_keys", ListValue(KEYWORD), "Keywords of data that hold the product an exposure belongs to."),
        DefinedKey("program_keys", ListValue(KEYWORD), "Keywords of data that hold the observing program."),
        DefinedKey("instruments", MapValue(PATTERN, INSTRUMENT), "Pattern of an id to the instrument that took such exposures."),
        DefinedKey("detector", PATTERN, "Pattern of an id that people write with _ before the detector, with two groups."),
        DefinedKey("no_product", ListValue(TextValue(r"[^\n]*", "a value", str.upper, 80)), "Values of a product key that mean: its own product."),
        DefinedKey("key_prefix", KEYWORD, "Prefix of paths in headers, such as OBS. for OBS.META.FILENAME; archives omit it."),
        DefinedKey("exposure_type_keys", ListValue(KEYWORD, minimum=1), "Keywords of data that tell the kind of exposure; META.EXPOSURE.TYPE, EXP_TYPE, OBSTYPE or IMAGETYP if you do not say."),
    )
)  # fmt: skip
NAMING = KeyTable(
    (
        DefinedKey("characters", MapValue(INSTRUMENT, CHARACTER, minimum=1), "Instrument to its letter in names.", is_required=True),
        DefinedKey("kept", MapValue(INSTRUMENT, ListValue(REFTYPE)), "Types whose files keep the name they arrive with."),
    )
)  # fmt: skip
DEFINITION = KeyTable(
    (
        DefinedKey("observatory", NAME, "Name of the observatory: 2 to 8 lower case letters.", is_required=True),
        DefinedKey("title", LINE, "What people write, such as Keck AO.", is_required=True),
        DefinedKey("version", VERSION, "Version of this definition and of the client package.", is_required=True),
        DefinedKey("server", SERVER, "Public address of the server."),
        DefinedKey("telescopes", ListValue(LINE, minimum=1), "What data say in TELESCOP.", is_required=True),
        DefinedKey("calibration_software", DISTRIBUTION, "Distribution whose version decides the build context."),
        DefinedKey("release_page", LINE, "Page of a release of that software, with {version}."),
        DefinedKey("instrument_key", KEYWORD, "Keyword of data that names the instrument.", is_required=True),
        DefinedKey("useafter_keys", ListValue(KEYWORD, minimum=1, maximum=2), "Keywords of data for date and time, or one for both.", is_required=True),
        DefinedKey("provenance", ListValue(KEYWORD), "Keywords that tell where a reference comes from."),
        DefinedKey("record_as", RECORD, "Keyword under which data name the reference of a type."),
        DefinedKey("synonyms", MapValue(KEYWORD, ListValue(KEYWORD, minimum=1)), "Keyword to other keywords for the same fact."),
        DefinedKey("patterns", MapValue(KEYWORD, KEYWORD), "Keyword of references to the keyword of data that it matches."),
        DefinedKey("every_reference", CONSTRAINTS, "Conditions on all references."),
        DefinedKey("keywords", VOCABULARIES, "The vocabulary: keyword to its values."),
        _instruments(REFERENCE_TYPE),
        DefinedKey("datasets", DATASETS, "The grammar of dataset ids.", is_required=True),
        DefinedKey("naming", NAMING, "Only if references are named by time; else they are numbered."),
        DefinedKey("banner", WORDS, "A text for all pages."),
        DefinedKey("checked_keywords", ListValue(KEYWORD), "Keywords that deliverers confirm to have checked."),
        DefinedKey("compliance_checks", ListValue(TextValue(r"[a-z][a-z0-9_]*", "a word", longest=40)), "Formats and programs that deliverers confirm to have used."),
    )
)  # fmt: skip
FLAG = OneOf(("yes", "no"), _required_word)
PATH = TextValue(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]*)*", "a path such as meta.exposure.type", longest=200)
ANY_TEXT = TextValue()
MISSION = KeyTable(
    (
        DefinedKey("is_default", FLAG, "Whether the client takes this observatory unless somebody names another."),
        DefinedKey("is_test", FLAG, "Whether the observatory has no data."),
        DefinedKey("has_demo", FLAG, "Whether the demo can fill a server of it."),
        DefinedKey("headers_name_reftype", FLAG, "Whether headers of data hold REFTYPE as UNDEFINED."),
        DefinedKey("instrument_aliases", MapValue(INSTRUMENT, INSTRUMENT), "Obsolete name of an instrument to the present one."),
        DefinedKey("path_prefix", PATH, "Prefix of keys that are paths of data models already."),
        DefinedKey("data_models", PATH, "Python module of the data models by which the client translates headers."),
        DefinedKey("extra_parkeys", ListValue(KEYWORD), "Parkeys that every rmap requires besides its own."),
        DefinedKey("hooks", MapValue(INSTRUMENT, OneOf(HOOK_NAMES)), "Instrument to its special cases in code."),
        DefinedKey("exemption", OneOf(EXEMPTION_NAMES), "The test in code that excuses a failed lookup."),
    )
)  # fmt: skip
# The form of the definitions that come with us: the same, and what only the client's own observatories have.
MISSION_DEFINITION = KeyTable(
    (
        *(field for field in DEFINITION.fields if field.name != "instruments"),
        _instruments(_reference_type(MISSION_SELECTORS)),
        DefinedKey("mission", MISSION, "The facts that only such an observatory has.", is_required=True),
        DefinedKey("expansions", MapValue(INSTRUMENT, MapValue(KEYWORD, MapValue(ANY_TEXT, ANY_TEXT))), "Instrument to keyword to condition to what the value of a new reference becomes."),
        DefinedKey("keyword_paths", MapValue(KEYWORD, ListValue(PATH, minimum=1)), "Keyword of FITS to its paths in data models."),
    )
)  # fmt: skip


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of a definition, for editors that complete and check while people write."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Definition of an observatory",
        **DEFINITION.schema(),
    }
