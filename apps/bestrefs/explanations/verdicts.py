"""Verdicts: the reason for an answer in a sentence, and the change that would lead to a reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from apps.bestrefs.explanations.values import Search
from apps.bestrefs.explanations.wording import in_words, listed, values_in
from apps.bestrefs.queries import NOT_FOUND
from apps.rules.lookup.compiled_selectors import NA
from apps.rules.lookup.lookup_record import CaseSearch, CaseTrace, ReftypeTrace


def verdict_of(entry: ReftypeTrace, searches: Sequence[Search], names: Mapping[str, str]) -> tuple[str, str]:
    """Return the reason for the answer, and the change that would lead to a reference."""
    if not entry.mapping.endswith(".rmap"):
        return f"The context says {entry.mapping} for this type: it has no rules.", ""
    if not searches:
        return (entry.notes[-1] if entry.notes else _reason(entry)), ""
    last = searches[-1]
    if entry.answer is not None and not entry.answer.startswith(NOT_FOUND):
        return _why_found(entry.answer, last), ""
    if any(case.is_winner for case in last.fitting):
        word = "n/a" if entry.answer == NA else "omitted"
        return f"The rules for the best fitting case say that the type is {word}.", ""
    return _why_nothing(last, entry), _hint(entry.attempts[-1], last, names)


def _reason(entry: ReftypeTrace) -> str:
    text = (entry.answer or "").removeprefix(NOT_FOUND).strip()
    return text if text.endswith((".", "!")) else f"{text}."


def _why_found(reference: str, search: Search) -> str:
    best = next((case for case in search.fitting if case.is_winner), None)
    if not search.case_count:
        return f"The rules have no cases and lead to {reference} by {_sorted_by(search)}."
    some = len(search.fitting) > 1
    text = _fitting(search)
    if best and some:
        text += f"; the best of them matches {_parameters_counted(best.weight)}"
    chosen = search.chosen
    if chosen is None:
        return f"{text}. That leads to {reference}."
    passed = sum(dates.chosen is None for dates in search.dates)
    if passed:
        text += f", and all useafter dates of {passed} better one{'s' if passed > 1 else ''} are later"
    if chosen.count == 1:
        return f"{text}. Its only useafter date, {chosen.chosen}, is not after {chosen.observed}."
    return (
        f"{text}. Of its {chosen.count} useafter dates {chosen.chosen} is the latest that is not after "
        f"{chosen.observed}."
    )


def _sorted_by(search: Search) -> str:
    return _DATES[search.dates[-1].kind] if search.dates else "themselves"


_DATES = {"UseAfter": "useafter date", "ClosestTime": "the nearest date", "VersionAfter": "version"}


def _fitting(search: Search) -> str:
    """Return a phrase with the number of cases that fit."""
    count, every = len(search.fitting), search.case_count
    if count == every == 1:
        return "The only case there is fits"
    return f"{count} of {every} cases fit{'s' if count == 1 else ''}"


def _parameters_counted(count: int) -> str:
    return "one parameter" if count == 1 else f"{count} parameters"


def _why_nothing(search: Search, entry: ReftypeTrace) -> str:
    if search.fitting and search.dates:
        text = f"{_fitting(search)}, but all useafter dates are later."
    elif search.fitting:
        text = f"{_fitting(search)}, but the date could not be compared: {_reason(entry)}"
    elif not search.case_count:
        text = "The rules have no case at all."
    else:
        text = f"None of {search.case_count} cases fits{_because(search)}."
    # The last note of the rules says why a failure does not count.
    return f"{text} {entry.notes[-1]}" if entry.answer == NA and entry.notes else text


def _because(search: Search) -> str:
    """Return the values that no case takes, or the complaint of the rules; empty if there is neither."""
    unknown = [one for one in search.parameters if one.is_unknown]
    if unknown:
        return f": {' and '.join(f'none takes {one.compared} for {one.title}' for one in unknown)}"
    return f": {search.complaint.rstrip('.')}" if search.complaint else ""


def _hint(attempt: CaseSearch, search: Search, names: Mapping[str, str]) -> str:
    """Return the change that would make the nearest cases fit."""
    if search.fitting:
        firsts = [dates.earliest for dates in search.dates if dates.earliest]
        return f"It would match an exposure that started at {min(firsts)} or later." if firsts else ""
    if not attempt.cases:
        return ""
    fewest = len(attempt.cases[0].ruled_out_by)
    near = [case for case in attempt.cases if len(case.ruled_out_by) == fewest]
    if fewest == 1:
        return f"It would match if {' or if '.join(_single(near, names))}."
    wanted = " and ".join(
        f"{names.get(miss.parkey, miss.parkey)} were {in_words(miss.wanted)}" for miss in near[0].ruled_out_by
    )
    others = len(near) - 1
    more = (
        f" {others} other cases are as near."
        if others > 1
        else (" One other case is as near." if others else "")
    )
    return f"The nearest case would match if {wanted}.{more}"


def _single(near: Sequence[CaseTrace], names: Mapping[str, str]) -> list[str]:
    """Return the fitting values of each parkey that alone rules cases out."""
    wanted: dict[str, set[str]] = {}
    for case in near:
        (miss,) = case.ruled_out_by
        wanted.setdefault(miss.parkey, set()).add(miss.wanted)
    return [
        f"{names.get(parkey, parkey)} were {listed(values_in(elements))}"
        for parkey, elements in wanted.items()
    ]
