"""An explanation as plain text, for mails, tickets and terminals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from apps.bestrefs.explanations import Case, Explanation, Search
from apps.bestrefs.questions import Question
from apps.rules.lookup.lookup_record import DateTrace


def as_text(question: Question, explanations: Sequence[Explanation]) -> str:
    """Return question and explanations as text that ends with a new line."""
    lines = [f"Best references of {question.label} under {question.context}", ""]
    lines += [f"  {parkey} = {value}" for parkey, value in question.parameters]
    for explanation in explanations:
        lines += ["", *_explanation(explanation)]
    return "\n".join(lines) + "\n"


def _explanation(explanation: Explanation) -> Iterator[str]:
    answer = explanation.answer if explanation.answer is not None else "omitted"
    title = f"{explanation.reftype.upper()}: {answer}"
    yield from (title, "=" * min(len(title), 100), explanation.verdict)
    if explanation.hint:
        yield explanation.hint
    yield f"Rules: {explanation.mapping}"
    for criterion in explanation.criteria:
        values = ", ".join(f"{name} is {value}" for name, value in criterion.values.items())
        yield f"  {criterion.title}: {criterion.text}" + (f" (here {values})" if values else "")
    for note in explanation.notes:
        yield f"  Note: {note}"
    for number, search in enumerate(explanation.searches, 1):
        if len(explanation.searches) > 1:
            yield f"Search {number}"
        yield from _search(search)


def _search(search: Search) -> Iterator[str]:
    yield f"Values compared with {search.case_count} cases:"
    for parameter in search.parameters:
        changed = f" (the header has {parameter.given})" if parameter.is_changed else ""
        yield f"  {parameter.parkey} = {parameter.compared}{changed}, rules out {parameter.rules_out}"
    if search.complaint:
        yield f"Refused: {search.complaint}"
    for case in search.fitting:
        mark = "chosen" if case.is_winner else "fits"
        yield f"  [{mark}, matches {case.weight}] {_key(case)} -> {', '.join(case.leads_to) or 'nothing'}"
    for dates in search.dates:
        yield from _dates(dates)
    if search.nearest:
        yield "Nearest cases that do not fit:"
    for case in search.nearest:
        missed = "; ".join(
            f"{name} is {found}, the case needs {wanted}" for name, wanted, found in case.missed
        )
        yield f"  {_key(case)}: {missed}"
    for mismatches, count in search.not_shown:
        yield f"  and {count} more with {mismatches} mismatch{'es' if mismatches > 1 else ''}"


def _key(case: Case) -> str:
    return ", ".join(f"{name}={value}" for name, value in case.shown_key) or "any"


def _dates(dates: DateTrace) -> Iterator[str]:
    yield f"Useafter dates ({dates.count}), observed {dates.observed}:"
    chosen = (dates.chosen, dates.reference) if dates.chosen is not None else None
    for mark, row in (("before", dates.before), ("chosen", chosen), ("after", dates.after)):
        if row:
            yield f"  {mark}: {row[0]} {row[1]}"
