"""Checks of a definition as a whole, after each of its values has been read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from apps.rules.observatories import definition_expressions as expressions
from apps.rules.observatories import definition_patterns as patterns
from apps.rules.observatories.definition import ALL, TakenNames
from apps.rules.observatories.definition_kinds import Reading, suggestion

Plain = Mapping[str, Any]

LONGEST_KEYWORD = 8  # of FITS
# Keywords that any reference has, whether a definition lists them or not.
_WELL_KNOWN = frozenset({"REFTYPE", "USEAFTER", "PEDIGREE", "DESCRIP", "AUTHOR", "HISTORY"})


def check(plain: Plain, reading: Reading, taken: TakenNames) -> None:
    """Complain of everything that only shows when several values are seen together."""
    _check_names(plain, reading, taken)
    _check_synonyms(plain, reading)
    _check_patterns(plain, reading)
    check_conditions(plain, reading)
    _check_types(plain, reading)
    _check_values(plain, reading)
    _check_datasets(plain["datasets"], plain, reading)
    _check_naming(plain, reading)


def check_name(name: str, reading: Reading, taken: TakenNames) -> None:
    """Complain of a name that the client mixes up with one that it knows."""
    for other in taken.observatories:
        if other in name or name in other:
            reading.complain(
                reading.line_of("observatory"),
                f"{name!r} is a name that the client would take for {other}: it looks for one name within "
                "the other. Choose a name that neither contains nor is part of "
                f"{', '.join(taken.observatories)}.",
            )


def _check_names(plain: Plain, reading: Reading, taken: TakenNames) -> None:
    name = plain["observatory"]
    check_name(name, reading, taken)
    for instrument in plain["instruments"]:
        if instrument == ALL:
            reading.complain(
                reading.line_of("instruments", ALL), "`all` is not an instrument for the client."
            )
        if owner := taken.instruments.get(instrument):
            reading.complain(
                reading.line_of("instruments", instrument),
                f"The client knows the instrument {instrument} as one of {owner}. Choose another name, such "
                f"as {plain['observatory'][:4]}{instrument}.",
            )
        if instrument == name:
            reading.complain(
                reading.line_of("instruments", instrument), f"{instrument} is the observatory as well."
            )


def _check_synonyms(plain: Plain, reading: Reading) -> None:
    """Refuse a keyword that stands for itself, and one that stands for two facts."""
    synonyms: Mapping[str, list[str]] = plain.get("synonyms", {})
    owner: dict[str, str] = {}
    for key, others in synonyms.items():
        for other in others:
            line = reading.line_of("synonyms", key, other)
            if other == key:
                reading.complain(line, f"{key} is a synonym of itself.")
            elif other in synonyms:
                reading.complain(
                    line,
                    f"{other} is a synonym of {key} and has synonyms itself. Write all of them under {key}.",
                )
            elif other in owner:
                reading.complain(line, f"{other} is a synonym of {key} and of {owner[other]}. Choose one.")
            else:
                owner[other] = key


def _check_patterns(plain: Plain, reading: Reading) -> None:
    """Refuse patterns that form a circle or two patterns for one keyword."""
    found: Mapping[str, str] = plain.get("patterns", {})
    for key, target in found.items():
        if target in found or key == target:
            reading.complain(
                reading.line_of("patterns", key),
                f"{key} is the pattern of {target}, which is a pattern itself. "
                "A pattern stands for a keyword of data.",
            )
    for key in found:
        twins = [other for other in found if found[other] == found[key]]
        if twins[0] != key:
            line = reading.line_of("patterns", key)
            reading.complain(line, f"{key} and {twins[0]} are both patterns of {found[key]}. Choose one.")


def check_conditions(plain: Plain, reading: Reading) -> None:
    """Complain of conditions that the client must not evaluate."""
    for path, text in _conditions(plain, ()):
        if fault := expressions.fault_of(text):
            reading.complain(reading.line_of(*path), f"{'.'.join(path)} is not a condition: {fault}.")


def _conditions(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the places and texts of all conditions."""
    if not isinstance(value, dict):
        return
    for key, part in value.items():
        here = (*path, key)
        if key in {"when", "check", "relevance"} and isinstance(part, str):
            yield here, part
        elif key == "match_relevance" and isinstance(part, dict):
            yield from (((*here, keyword), text) for keyword, text in part.items())
        else:
            yield from _conditions(part, here)


def _types(plain: Plain) -> Iterator[tuple[str, str, Plain]]:
    for instrument, kinds in plain["instruments"].items():
        for kind, facts in kinds.items():
            if kind != ALL:
                yield instrument, kind, facts


def _check_types(plain: Plain, reading: Reading) -> None:
    for instrument, kind, facts in _types(plain):
        _check_type(instrument, kind, facts, reading, plain)
    for instrument in plain["instruments"]:
        _check_suffixes(instrument, plain, reading)
    if "mission" not in plain:  # The client has its own keywords for those that it knows by itself.
        for kind in sorted({kind for _instrument, kind, _facts in _types(plain)}):
            _check_record(kind, plain, reading)


def _check_type(instrument: str, kind: str, facts: Plain, reading: Reading, plain: Plain) -> None:
    path = ("instruments", instrument, kind)
    for key in (plain["instrument_key"], *plain["useafter_keys"]):
        if key in facts["match"]:
            reading.complain(
                reading.line_of(*path, "match"),
                f"{key} is not a match key of {instrument} {kind}: it chooses before or after them.",
            )
    for key in facts.get("match_relevance", {}):
        if key not in facts["match"]:
            reading.complain(
                reading.line_of(*path, "match_relevance", key),
                f"{key} is not a match key of {instrument} {kind}. {suggestion(key, facts['match'])}",
            )
    if facts.get("row_keys") and facts.get("extension", ".fits") not in (".fits", ".asdf"):
        line = reading.line_of(*path, "row_keys")
        reading.complain(
            line, f"{instrument} {kind} has row_keys, but {facts['extension']} files have no tables."
        )


def _check_suffixes(instrument: str, plain: Plain, reading: Reading) -> None:
    owner: dict[str, str] = {}
    for kind, facts in plain["instruments"][instrument].items():
        suffix = facts.get("suffix", kind) if kind != ALL else ALL
        if suffix in owner:
            reading.complain(
                reading.line_of("instruments", instrument, kind, "suffix"),
                f"{kind} and {owner[suffix]} of {instrument} both have the suffix {suffix}.",
            )
        owner.setdefault(suffix, kind)


def _check_record(kind: str, plain: Plain, reading: Reading) -> None:
    keyword = recorded(plain.get("record_as", "R_{type:.6}"), kind)
    same = [
        other for _instrument, other, _facts in _types(plain) if recorded(_record(plain), other) == keyword
    ]
    first = min(same)
    if first != kind:
        reading.complain(
            reading.line_of("record_as"),
            f"record_as gives {keyword} for the types {first} and {kind}. Use a form that tells them apart, "
            "or rename one.",
        )
    if len(keyword) > LONGEST_KEYWORD and "." not in keyword and "record_as" in plain:
        reading.complain(
            reading.line_of("record_as"),
            f"record_as gives {keyword} for {kind}; keywords of FITS have {LONGEST_KEYWORD} characters.",
        )


def _record(plain: Plain) -> str:
    return str(plain.get("record_as", "R_{type:.6}"))


def recorded(form: str, kind: str) -> str:
    """Return the keyword under which data name the reference of a type.

    Examples
    --------
    >>> recorded("R_{type:.6}", "distortion")
    'R_DISTOR'
    """
    return re.sub(
        r"\{type(?::\.([1-8]))?\}", lambda found: kind[: int(found[1])] if found[1] else kind, form
    ).upper()


def _check_values(plain: Plain, reading: Reading) -> None:
    """Refuse values of constraints that the vocabulary of the same keyword does not have."""
    known = {key: facts.get("values", []) for key, facts in plain.get("keywords", {}).items()}
    for path, constraints in _constraint_groups(plain):
        for key, facts in constraints.items():
            for value in facts.get("values", []):
                allowed = known.get(key)
                if allowed and value.upper() not in allowed:
                    reading.complain(
                        reading.line_of(*path, key, "values", value),
                        f"{value} is not a value of {key}. {suggestion(value, allowed)}",
                    )
    _check_instrument_values(plain, reading)


def _constraint_groups(plain: Plain) -> Iterator[tuple[tuple[str, ...], Plain]]:
    yield ("every_reference",), plain.get("every_reference", {})
    for instrument, kinds in plain["instruments"].items():
        for kind, facts in kinds.items():
            yield ("instruments", instrument, kind, "constraints"), facts.get("constraints", {})


def _check_instrument_values(plain: Plain, reading: Reading) -> None:
    """Refuse values of the instrument key that shut out an instrument, or that name none."""
    key = plain["instrument_key"]
    names = sorted(name.upper() for name in plain["instruments"])
    for place in ("every_reference", "keywords"):
        values = plain.get(place, {}).get(key, {}).get("values", [])
        allowed = {value.upper() for value in values}
        for name in names:
            if values and name not in allowed:
                line = reading.line_of(place, key, "values")
                reading.complain(line, f"{place}.{key} does not allow the instrument {name}. Add it.")
    # A vocabulary may also have instruments of other observatories, for it holds for data as well.
    for value in plain.get("every_reference", {}).get(key, {}).get("values", []):
        if value.upper() not in names:
            line = reading.line_of("every_reference", key, "values", value)
            reading.complain(line, f"{value} is not an instrument. {suggestion(value, names)}")


def _check_datasets(facts: Plain, plain: Plain, reading: Reading) -> None:
    sound = True
    named: dict[tuple[str, ...], str] = {
        ("file_name",): facts["file_name"],
        ("detector",): facts.get("detector", ""),
    }
    named |= {("instruments", pattern): pattern for pattern in facts.get("instruments", {})}
    for path, pattern in named.items():
        if pattern and (fault := patterns.fault_of(pattern)):
            sound = False
            where = ".".join(("datasets", *path[:1]))
            reading.complain(
                reading.line_of("datasets", *path), f"{where} is not a pattern that we can use: {fault}."
            )
    for pattern, instrument in facts.get("instruments", {}).items():
        _require_known(instrument, plain["instruments"], reading, "datasets", "instruments", pattern)
    if sound:
        _check_groups(facts, reading)
        _check_examples(facts, reading)


def _check_groups(facts: Plain, reading: Reading) -> None:
    if re.compile(facts["file_name"]).groups == 0:
        line = reading.line_of("datasets", "file_name")
        reading.complain(line, "datasets.file_name has no group. Put the part that is the id in parentheses.")
    if facts.get("detector") and re.compile(facts["detector"]).groups != 2:
        line = reading.line_of("datasets", "detector")
        reading.complain(
            line, "datasets.detector needs two groups: what is before the detector, and the detector."
        )


def _check_examples(facts: Plain, reading: Reading) -> None:
    for example in facts["example"]:
        for half in example.split(":"):
            if not re.fullmatch(facts["file_name"], half[: patterns.LONGEST_SUBJECT]):
                reading.complain(
                    reading.line_of("datasets", "example", example),
                    f"datasets.file_name does not fit the example {half}: {facts['file_name']}",
                )


def _check_naming(plain: Plain, reading: Reading) -> None:
    naming = plain.get("naming")
    if naming is None:
        return
    for instrument in naming["characters"]:
        _require_known(instrument, plain["instruments"], reading, "naming", "characters", instrument)
    letters = list(naming["characters"].values())
    for instrument, letter in naming["characters"].items():
        if letters.count(letter) > 1:
            line = reading.line_of("naming", "characters", instrument)
            reading.complain(line, f"The letter {letter} stands for several instruments.")
    for instrument in plain["instruments"]:
        if instrument not in naming["characters"]:
            line = reading.line_of("naming", "characters")
            reading.complain(line, f"naming.characters has no letter for the instrument {instrument}.")
    for instrument, kinds in naming.get("kept", {}).items():
        _require_known(instrument, plain["instruments"], reading, "naming", "kept", instrument)
        for kind in kinds:
            _require_known(
                kind, plain["instruments"].get(instrument, {}), reading, "naming", "kept", instrument, kind
            )


def _require_known(name: str, known: Collection[str], reading: Reading, *path: str) -> None:
    if name not in known:
        reading.complain(reading.line_of(*path), f"There is no {name} here. {suggestion(name, known)}")
