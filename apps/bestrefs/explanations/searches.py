"""The searches through the cases of a reference type that the engine recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from apps.bestrefs.explanations.values import Case, ExplainedParameter, Search
from apps.bestrefs.explanations.wording import in_words, values_in
from apps.bestrefs.headers import MISSING
from apps.bestrefs.queries import NOT_FOUND
from apps.bestrefs.questions import Question
from apps.rules.lookup.compiled_mapping import CompiledMapping
from apps.rules.lookup.compiled_selectors import NA, references_in
from apps.rules.lookup.lookup_record import CaseSearch, CaseTrace, ReftypeTrace

NEAREST = 20  # shown cases that do not fit
LISTED = 60  # values in a list


def search_of(
    attempt: CaseSearch,
    entry: ReftypeTrace,
    question: Question,
    mapping: CompiledMapping | None,
    names: Mapping[str, str],
) -> Search:
    choices = _choices(mapping)
    places = _places(attempt)
    winner = _winner(attempt, entry)
    cases = [_case(case, places, winner, choices, names) for case in attempt.cases]
    fitting = tuple(case for case in cases if case.place)
    nearest = tuple([case for case in cases if not case.place][:NEAREST])
    return Search(
        parameters=tuple(_parameters(attempt, question, mapping, names)),
        fitting=fitting,
        nearest=nearest,
        case_count=attempt.case_count,
        not_shown=_not_shown(attempt, nearest),
        dates=tuple(attempt.dates),
        complaint=attempt.complaint.strip(),
    )


def _choices(mapping: CompiledMapping | None) -> dict[tuple[str, ...], Any]:
    """Return match key to its selection, for the top level cases of an rmap."""
    if mapping is None or mapping.selector is None or mapping.selector[0] != "Match":
        return {}
    return dict(zip(mapping.selector[2], mapping.selector[3], strict=True))


def _places(attempt: CaseSearch) -> dict[tuple[str, ...], int]:
    return {tuple(key.values()): place for place, group in enumerate(attempt.candidates, 1) for key in group}


def _winner(attempt: CaseSearch, entry: ReftypeTrace) -> int:
    """Return the place of the case that gave the answer, 0 if no case did."""
    if entry.attempts[-1] is not attempt or not attempt.candidates:
        return 0
    tried = len(attempt.dates)
    if attempt.dates and attempt.dates[-1].chosen is not None:
        return tried
    is_direct = not (entry.answer or NA).startswith(NOT_FOUND) or entry.answer == NA
    return tried + 1 if is_direct and tried < len(attempt.candidates) else 0


def _case(
    case: CaseTrace,
    places: Mapping[tuple[str, ...], int],
    winner: int,
    choices: Mapping[tuple[str, ...], Any],
    names: Mapping[str, str],
) -> Case:
    place = places.get(tuple(case.key.values()), 0)
    choice = choices.get(tuple(case.key.values()))
    leads_to = () if choice is None else tuple(dict.fromkeys(references_in(choice)))
    return Case(
        key={names.get(parkey, parkey): text for parkey, text in case.key.items() if text != "N/A"},
        weight=case.weight,
        place=place,
        missed=tuple(
            (names.get(miss.parkey, miss.parkey), in_words(miss.wanted), miss.found)
            for miss in case.ruled_out_by
        ),
        leads_to=leads_to[-3:],
        is_winner=bool(place) and place == winner,
    )


def _not_shown(attempt: CaseSearch, nearest: Sequence[Case]) -> tuple[tuple[int, int], ...]:
    """Return pairs of a number of mismatches and the number of cases with that many that are not shown."""
    shown = [len(case.missed) for case in nearest]
    left = {count: number - shown.count(count) for count, number in attempt.mismatches.items() if count}
    return tuple((count, number) for count, number in left.items() if number)


def _parameters(
    attempt: CaseSearch, question: Question, mapping: CompiledMapping | None, names: Mapping[str, str]
) -> Iterator[ExplainedParameter]:
    keys = mapping.selector[2] if mapping and mapping.selector else ()
    for place, (parkey, compared) in enumerate(attempt.parkeys.items()):
        elements = {key[place] for key in keys if isinstance(key, tuple) and place < len(key)}
        known = values_in(elements)
        yield ExplainedParameter(
            parkey=parkey,
            title=names.get(parkey, parkey),
            given=question.header.get(parkey, MISSING),
            compared=compared,
            known=tuple(known[:LISTED]),
            known_count=len(known),
            rules_out=attempt.ruled_out_by.get(parkey, 0),
            is_unknown=attempt.ruled_out_by.get(parkey) == attempt.case_count and compared not in known,
        )
