"""The constraint files that follow from a definition, in the format of the client (``.tpn``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from apps.rules.observatories.definition import (
    ALL,
    Constraint,
    DefinedInstrument,
    DefinedType,
    Definition,
    Vocabulary,
)
from apps.rules.observatories.definition_expressions import one_line

__all__ = ["constraint_files", "constraint_lines"]

_PRESENCE = {"yes": "R", "no": "O", "warn": "W", "excluded": "E"}
_TYPE = {"text": "C", "exact": "S", "integer": "I", "real": "R", "double": "D", "logical": "L"}
_PLACE = {"header": "H", "column": "C", "group": "G", "array": "A", "data": "D"}
# A reference may serve data with any value, or data to which the keyword does not apply.
ANY_VALUES = ("ANY", "N/A")
HEADING = "# Conditions on {whom}, from the definition of {title}, version {version}.\n"


def constraint_files(definition: Definition) -> dict[str, str]:
    """Return the name of each constraint file and its text.

    The files are ``all_all``, ``<instrument>_all`` and ``<instrument>_<suffix>``, each with ``.tpn`` for
    references. The client wants the same conditions again for rules, under ``_ld.tpn``.
    """
    files = {"all_all.tpn": _file(definition, "all references", definition.every_reference)}
    for instrument in definition.instruments.values():
        whom = f"all references of {instrument.name}"
        files[f"{instrument.name}_{ALL}.tpn"] = _file(definition, whom, instrument.constraints)
        for reftype in instrument.types.values():
            whom = f"{instrument.name} {reftype.name}"
            constraints = type_constraints(definition, instrument, reftype)
            files[f"{instrument.name}_{reftype.suffix}.tpn"] = _file(definition, whom, constraints)
    return files | {name.replace(".tpn", "_ld.tpn"): text for name, text in files.items()}


def type_constraints(
    definition: Definition, instrument: DefinedInstrument, reftype: DefinedType
) -> Iterator[Constraint]:
    """Yield the conditions on references of a type: its match keys, and what the definition adds."""
    own = {constraint.keyword for constraint in reftype.constraints}
    patterns = {key: pattern for pattern, key in definition.patterns.items()}
    for key in reftype.match:
        if key not in own:
            # A pattern may stand for the keyword.
            required = "no" if key in patterns else "yes"
            yield _of_vocabulary(key, required, definition.vocabulary(instrument.name, reftype.name, key))
    yield from reftype.constraints
    yield from _other_vocabulary(definition, instrument, reftype)


def _other_vocabulary(
    definition: Definition, instrument: DefinedInstrument, reftype: DefinedType
) -> Iterator[Constraint]:
    """Yield the vocabularies that neither a match key nor a constraint has said yet."""
    own = {constraint.keyword for constraint in reftype.constraints}
    conditions = (*definition.every_reference, *instrument.constraints, *reftype.constraints)
    said = {each.keyword for each in conditions if each.values or each.form}
    said.update(key for key in reftype.match if key not in own)
    for key in dict.fromkeys((*definition.keywords, *instrument.keywords, *reftype.keywords)):
        vocabulary = definition.vocabulary(instrument.name, reftype.name, key)
        if key not in said and vocabulary != Vocabulary():
            yield _of_vocabulary(key, "no", vocabulary)


def _of_vocabulary(key: str, required: str, vocabulary: Vocabulary) -> Constraint:
    values = (*vocabulary.values, *ANY_VALUES) if vocabulary.values else ()
    return Constraint(key, required, values=tuple(dict.fromkeys(values)), type=vocabulary.type)


def constraint_lines(constraint: Constraint) -> Iterator[str]:
    """Yield the lines for one condition.

    Examples
    --------
    >>> list(constraint_lines(Constraint("FILTER", "yes", values=("J", "CLEAR 1"))))
    ['FILTER  H  C  R  J,"CLEAR 1"']
    """
    place = _PLACE[constraint.place]
    presence = _condition(constraint.when) or _PRESENCE[constraint.required]
    if constraint.check:
        kind = "C" if place == "C" else "X"
        yield f"{constraint.keyword}  {kind}  X  {presence}  {_condition(constraint.check)}"
        if not constraint.values and not constraint.form and constraint.required == "no":
            return
    values = constraint.form or ",".join(map(_quoted, constraint.values))
    yield f"{constraint.keyword}  {place}  {_TYPE[constraint.type]}  {presence}  {values}".rstrip()


def _file(definition: Definition, whom: str, constraints: Iterable[Constraint]) -> str:
    heading = HEADING.format(whom=whom, title=definition.title, version=definition.version)
    lines = [line for constraint in constraints for line in constraint_lines(constraint)]
    return heading + "".join(f"{line}\n" for line in lines)


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value or "\t" in value else value


def _condition(text: str) -> str:
    """Return a condition as one word, in quotes if it has blanks; the client takes off the quotes."""
    text = one_line(text)
    return f'"{text}"' if " " in text else text
