"""The explanations of the answers to a question, type by type."""

from __future__ import annotations

from apps.bestrefs.errors import UnknownTypeError
from apps.bestrefs.explanations.criteria import criteria_of, values_here
from apps.bestrefs.explanations.searches import search_of
from apps.bestrefs.explanations.values import Explanation
from apps.bestrefs.explanations.verdicts import verdict_of
from apps.bestrefs.questions import Question
from apps.contexts import queries as contexts
from apps.rules.lookup.lookup_record import ReftypeTrace, Trace
from apps.rules.lookup.rules_as_rows import short_names


def explain(question: Question, reftype: str = "") -> list[Explanation]:
    """Return the explanation of each type of the instrument, sorted, or of one type only.

    Raises
    ------
    HeaderError
        Raised if the context does not know the instrument.
    UnknownTypeError
        Raised if the instrument has no such type in this context.
    """
    trace = Trace()
    question.rules.best_references(question.header, trace=trace)
    wanted = reftype.strip().lower()
    entries = [entry for entry in trace.reftypes if not wanted or entry.reftype == wanted]
    if not entries:
        known = ", ".join(sorted(entry.reftype for entry in trace.reftypes))
        raise UnknownTypeError(
            f"{question.instrument.upper()} has no reference type {wanted[:40]!r} in {question.context}; "
            f"there are {known or 'none'}."
        )
    return [_explained(entry, question) for entry in sorted(entries, key=lambda entry: entry.reftype)]


def _explained(entry: ReftypeTrace, question: Question) -> Explanation:
    mapping = contexts.mappings_of(entry.mapping)[entry.mapping] if entry.mapping.endswith(".rmap") else None
    observatory = question.rules.definition
    names = short_names([parkey for parkey, _value in question.parameters], observatory)
    searches = tuple(search_of(attempt, entry, question, mapping, names) for attempt in entry.attempts)
    described = observatory.reftypes.get(question.instrument, {}).get(entry.reftype, "")
    criteria = tuple(criteria_of(mapping, question, observatory)) if mapping else ()
    verdict, hint = verdict_of(entry, searches, names)
    if not searches:
        verdict = f"{verdict} {values_here(criteria)}".strip()
    return Explanation(
        reftype=entry.reftype,
        description=described,
        answer=entry.answer,
        mapping=entry.mapping,
        verdict=verdict,
        hint=hint,
        criteria=criteria,
        # The reason why a search was impossible is shown with that search.
        notes=tuple(note for note in entry.notes if note.strip() not in {one.complaint for one in searches}),
        searches=searches,
    )
