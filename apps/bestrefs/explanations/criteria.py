"""The criteria of a reference type: the conditions under which it applies, and the way it is looked up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from apps.bestrefs.explanations.values import Criterion
from apps.bestrefs.headers import MISSING
from apps.bestrefs.questions import Question
from apps.rules.lookup.compiled_mapping import CompiledMapping
from apps.rules.lookup.reftype import hook_names, merges_ties, substitutions_of
from apps.rules.observatories import Observatory
from apps.rules.text.header_fields import text_field


def criteria_of(
    mapping: CompiledMapping, question: Question, observatory: Observatory
) -> Iterator[Criterion]:
    """Yield the criteria in the header of an rmap: when the type applies and how it is looked up."""
    header = mapping.header
    yield from _conditions(mapping, question)
    levels = [level if isinstance(level, tuple) else (level,) for level in header["parkey"]]
    yield Criterion("Cases are selected by", "; then by ".join(", ".join(level) for level in levels))
    if extra := header.get("extra_keys"):
        yield Criterion("Also looked at", ", ".join(extra))
    for purpose, name in hook_names(header, question.instrument, mapping.filekind or "", observatory):
        yield Criterion(_PURPOSES[purpose], name)
    matched = set(levels[0])
    for parkey, replaced in sorted(substitutions_of(header, observatory).items()):
        if parkey in matched:
            pairs = ", ".join(f"{old} is read as {new}" for old, new in replaced.items())
            yield Criterion(f"Values of {parkey} in the rules", pairs)
    ties = "are merged, date by date" if merges_ties(header) else "are an error"
    yield Criterion("Equally good cases", ties)
    required = text_field(header, "reffile_required", "none") in ("yes", "none")
    yield Criterion("If nothing fits", "that is a failure" if required else "the type does not apply")


_PURPOSES = {
    "precondition_header": "Hook that rewrites the header first",
    "fallback_header": "Hook that rewrites the header for a second search",
}


def _conditions(mapping: CompiledMapping, question: Question) -> Iterator[Criterion]:
    conditions = mapping.rules.conditions
    if conditions.omits.text not in ("False", "false"):
        yield _condition("Left out where", conditions.omits.text, conditions.omits.names, question)
    if conditions.is_relevant.text != "True":
        yield _condition(
            "Applies only where", conditions.is_relevant.text, conditions.is_relevant.names, question
        )
    for parkey, condition in conditions.matters:
        if condition is None:
            yield Criterion(f"{parkey} matters", "never")
        elif condition.text not in ("True", "always"):
            yield _condition(f"{parkey} matters where", condition.text, condition.names, question)


def _condition(title: str, text: str, names: Sequence[str], question: Question) -> Criterion:
    by_name = {parkey.replace(".", "_"): parkey for parkey, _value in question.parameters}
    # A name that is not a parameter has no value to show; a note of the rules says so.
    shown = [by_name[name] for name in names if name in by_name]
    values = {parkey: question.header.get(parkey, MISSING) for parkey in shown}
    for name, parkey in by_name.items():
        text = text.replace(name, parkey) if name in names else text
    return Criterion(title, text, values)


def values_here(criteria: Sequence[Criterion]) -> str:
    """Return a sentence with the header's values of the parameters in the criteria."""
    values = {name: value for criterion in criteria for name, value in criterion.values.items()}
    return f"Here {', '.join(f'{name} is {value}' for name, value in values.items())}." if values else ""
