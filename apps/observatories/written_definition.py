"""A first definition with comments: an example to change, or what a survey of files proposes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from apps.observatories.header_survey import Survey
from apps.rules.observatories.definition_schema import DEFINITION

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.\- ]*")
# Words that readers of YAML take for something else, not ours.
_SPECIAL = frozenset(["yes", "no", "true", "false", "on", "off", "null", "y", "n"])


def write_definition(name: str, found: Survey) -> str:
    """Return the text of a definition that `read_definition` accepts, unless the files made it impossible.

    Where the survey found nothing, an example stands.
    """
    parts = (
        _head(name, found),
        _conditions(found),
        _keywords(found),
        _instruments(name, found),
        _datasets(found),
    )
    return "\n".join(parts)


def _head(name: str, found: Survey) -> str:
    title, key = name.capitalize(), found.instrument_key or "INSTRUME"
    dates = found.useafter_keys or ("DATE-OBS", "TIME-OBS")
    telescopes = found.telescopes or [title]
    return "\n".join(
        (
            "# The definition of an observatory: one file from which the server, its rules and the",
            f"# package for users follow. `manage.py check_observatory {name}.yaml` says every mistake.",
            f"observatory: {name}  # {_about('observatory')}",
            f"title: {title}  # {_about('title')}",
            f"version: 1.0  # {_about('version')}",
            f"# server: https://{name}-crds.example.org  # {_about('server')}",
            f"telescopes: {_list(telescopes)}  # {_about('telescopes')}",
            f"# calibration_software: {name}drp  # {_about('calibration_software')}",
            f"instrument_key: {key}  # {_about('instrument_key')}",
            f"useafter_keys: {_list(dates)}  # {_about('useafter_keys')}",
            "provenance: [DESCRIP, PEDIGREE, USEAFTER, HISTORY, AUTHOR]",
            f'record_as: "R_{{type:.6}}"  # {_about("record_as")}',
            f"# synonyms:  # {_about('synonyms')}",
            f"#   {key}: [CURRINST]",
            "",
        )
    )


def _about(key: str) -> str:
    """Return what the schema says of a key."""
    return next(each.about for each in DEFINITION.fields if each.name == key)


def _conditions(found: Survey) -> str:
    key = found.instrument_key or "INSTRUME"
    names = [name.upper() for name in found.match] or ["CAMERA"]
    return "\n".join(
        (
            "every_reference:  # What every reference must say, and how.",
            f"  {key}: {{required: yes, values: {_list(names)}}}",
            "  REFTYPE: {required: yes}",
            '  USEAFTER: {required: yes, form: "&JWSTDATE"}',
            '  PEDIGREE: {required: yes, form: "&JWSTPEDIGREE"}',
            "  DESCRIP: {required: yes}",
            "  AUTHOR: {required: yes}",
            "",
        )
    )


def _keywords(found: Survey) -> str:
    values = found.values or {"DETECTOR": ["A", "B"], "FILTER": ["J", "H", "K"]}
    lines = [f"  {key}: {_list(some)}" for key, some in sorted(values.items())]
    return "\n".join(("keywords:  # The vocabulary: the values that each keyword may have.", *lines, ""))


def _instruments(name: str, found: Survey) -> str:
    match = found.match or {"camera": {"dark": ["DETECTOR"], "flat": ["DETECTOR", "FILTER"]}}
    lines = [
        "instruments:  # Each with its types: what people call them, and the keywords that choose a file."
    ]
    for instrument, kinds in match.items():
        lines.append(f"  {instrument}:")
        lines += [
            f"    {kind}: {{text: {kind.capitalize()}, {_rules(found, instrument, kind, keys)}}}"
            for kind, keys in kinds.items()
        ]
    return "\n".join((*lines, "    # Also: select: ClosestTime, row_keys, relevance, constraints.", ""))


def _rules(found: Survey, instrument: str, kind: str, keys: list[str]) -> str:
    return f"match: {_list(keys) if keys else 'nothing'}{_extension(found, instrument, kind)}"


def _extension(found: Survey, instrument: str, kind: str) -> str:
    extension = found.extensions.get((instrument, kind), ".fits")
    return "" if extension == ".fits" else f", extension: {extension}"


def _datasets(found: Survey) -> str:
    example = found.example or "CAM.20260102.03456"
    lines = [
        "datasets:  # The names of data. The group of the pattern is the id of a dataset.",
        f"  example: {_word(example)}",
        f'  file_name: "{_pattern(example)}"',
        f"  exposure_keys: {_list(found.name_keys or ('FILENAME',))}",
    ]
    if found.program_keys:
        lines.append(f"  program_keys: {_list(found.program_keys)}")
    return "\n".join((*lines, ""))


def _pattern(example: str) -> str:
    r"""Return the pattern of names like an example, as it stands in a text of YAML with double quotes.

    Examples
    --------
    >>> _pattern("N20260102S0001")
    '(N[0-9]{8}S[0-9]{4})(?:\\\\.[A-Z]+)?'
    """
    parts = re.findall(r"[0-9]+|[^0-9]+", example)
    pattern = "".join(f"[0-9]{{{len(part)}}}" if part.isdigit() else re.escape(part) for part in parts)
    return f"({pattern})(?:\\.[A-Z]+)?".replace("\\", "\\\\")


def _list(values: Iterable[str]) -> str:
    return f"[{', '.join(map(_word, values))}]"


def _word(text: str) -> str:
    """Return a text as YAML, in quotes if it needs them."""
    if _PLAIN.fullmatch(text) and text.lower() not in _SPECIAL and text == text.strip():
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
