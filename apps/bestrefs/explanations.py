"""Why a reference was chosen, or why none was: the record of the rules in words.

The same `Explanation` is printed as a page, as JSON and as text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from apps.bestrefs.errors import UnknownTypeError
from apps.bestrefs.headers import MISSING
from apps.bestrefs.queries import NOT_FOUND
from apps.bestrefs.questions import Question
from apps.contexts import queries as contexts
from apps.rules.conditioning import condition_value
from apps.rules.lookup.compiled_mapping import CompiledMapping
from apps.rules.lookup.compiled_selectors import NA, references_in
from apps.rules.lookup.lookup_record import Attempt, CaseTrace, DateTrace, ReftypeTrace, Trace
from apps.rules.lookup.matchers import alternatives, is_esoteric
from apps.rules.lookup.reftype import hook_names, merges_ties, substitutions_of, text_field
from apps.rules.lookup.rules_as_rows import short_names
from apps.rules.observatories import Observatory

NEAREST = 20  # cases that do not fit which are shown
VALUES = 12  # values named in a sentence
SHORT = 6  # values of a list in a key
LISTED = 60  # values named in a list

Key = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing the rules say about when the type applies, and what the header has for it."""

    title: str
    text: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parkey that cases are told apart by.

    Attributes
    ----------
    parkey, title
        As in the rules, and its short name.
    given
        As in the header.
    compared
        After all rewriting.
    known
        Values the cases name, at most `LISTED`; empty where they are more than a list of names.
    rules_out
        Number of cases it rules out.
    is_unknown
        Whether the value is none of those known.
    """

    parkey: str
    title: str
    given: str
    compared: str
    known: tuple[str, ...]
    known_count: int
    rules_out: int
    is_unknown: bool

    @property
    def is_changed(self) -> bool:
        """Whether another value was compared than the header has."""
        return condition_value(self.given) != self.compared


@dataclass(frozen=True, slots=True)
class Case:
    """One case of the rules.

    Attributes
    ----------
    key
        Short name of the parkey to what the case wants, without parkeys it does not care for.
    weight
        Number of parkeys that count for it.
    place
        1 for the best of those that fit, equal for equals; 0 for cases that do not fit.
    missed
        What rules it out: short name, what it wants in words, what the header has.
    leads_to
        References it can lead to, at most a few.
    """

    key: Mapping[str, str]
    weight: int
    place: int
    missed: tuple[tuple[str, str, str], ...]
    leads_to: tuple[str, ...]
    is_winner: bool = False

    @property
    def shown_key(self) -> list[tuple[str, str]]:
        """The key for people: of long lists the first values only."""
        return [(name, shortened(element)) for name, element in self.key.items()]


@dataclass(frozen=True, slots=True)
class Search:
    """One search through the cases; where a fallback hook changed the header there are two."""

    parameters: tuple[Parameter, ...]
    fitting: tuple[Case, ...]
    nearest: tuple[Case, ...]
    case_count: int
    not_shown: tuple[tuple[int, int], ...]
    dates: tuple[DateTrace, ...]
    complaint: str

    @property
    def chosen(self) -> DateTrace | None:
        """The search through dates that found something."""
        return next((dates for dates in self.dates if dates.chosen is not None), None)

    @property
    def hidden(self) -> int:
        """Number of cases that are not shown."""
        return sum(count for _mismatches, count in self.not_shown)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one type has its answer.

    Attributes
    ----------
    answer
        As on the wire; None if the type is left out.
    mapping
        The rmap that decides, or the special value that stands in its place.
    verdict
        The reason in a sentence.
    hint
        What would have to be otherwise, empty where a reference was found.
    notes
        What the rules did with the header, in order.
    """

    reftype: str
    description: str
    answer: str | None
    mapping: str
    verdict: str
    hint: str
    criteria: tuple[Criterion, ...]
    notes: tuple[str, ...]
    searches: tuple[Search, ...]

    @property
    def reference(self) -> str:
        """The reference, empty if there is none."""
        return "" if self.answer is None or self.answer.startswith(NOT_FOUND) else self.answer

    @property
    def outcome(self) -> str:
        """What came out, in a word: found, n/a, omitted or not found."""
        if self.reference:
            return "found"
        return {None: "omitted", NA: "n/a"}.get(self.answer, "not found")

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {**asdict(self), "outcome": self.outcome}


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
    searches = tuple(_search(attempt, entry, question, mapping, names) for attempt in entry.attempts)
    described = observatory.reftypes.get(question.instrument, {}).get(entry.reftype, "")
    criteria = tuple(_criteria(mapping, question, observatory)) if mapping else ()
    verdict, hint = _verdict(entry, searches, names)
    if not searches:
        verdict = f"{verdict} {_here(criteria)}".strip()
    return Explanation(
        reftype=entry.reftype,
        description=described,
        answer=entry.answer,
        mapping=entry.mapping,
        verdict=verdict,
        hint=hint,
        criteria=criteria,
        # What no search could be made for is told with that search.
        notes=tuple(note for note in entry.notes if note.strip() not in {one.complaint for one in searches}),
        searches=searches,
    )


def _criteria(mapping: CompiledMapping, question: Question, observatory: Observatory) -> Iterator[Criterion]:
    """Yield what the header of an rmap says about when and how the type is looked up."""
    header = mapping.header
    yield from _conditions(mapping, question)
    levels = [level if isinstance(level, tuple) else (level,) for level in header["parkey"]]
    yield Criterion("Cases are told apart by", "; then by ".join(", ".join(level) for level in levels))
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
    # A name that is no parameter cannot be asked about; a note of the rules says so.
    asked = [by_name[name] for name in names if name in by_name]
    values = {parkey: question.header.get(parkey, MISSING) for parkey in asked}
    for name, parkey in by_name.items():
        text = text.replace(name, parkey) if name in names else text
    return Criterion(title, text, values)


def _here(criteria: Sequence[Criterion]) -> str:
    """Return in a sentence what the header says to the conditions."""
    values = {name: value for criterion in criteria for name, value in criterion.values.items()}
    return f"Here {', '.join(f'{name} is {value}' for name, value in values.items())}." if values else ""


def _search(
    attempt: Attempt,
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
    """Return match key to what it leads to, for the cases on top of an rmap."""
    if mapping is None or mapping.selector is None or mapping.selector[0] != "Match":
        return {}
    return dict(zip(mapping.selector[2], mapping.selector[3], strict=True))


def _places(attempt: Attempt) -> dict[tuple[str, ...], int]:
    return {tuple(key.values()): place for place, group in enumerate(attempt.candidates, 1) for key in group}


def _winner(attempt: Attempt, entry: ReftypeTrace) -> int:
    """Return the place of the case that gave the answer, 0 if none did."""
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


def _not_shown(attempt: Attempt, nearest: Sequence[Case]) -> tuple[tuple[int, int], ...]:
    """Return number of mismatches and of cases with so many that are not among those shown."""
    shown = [len(case.missed) for case in nearest]
    left = {count: number - shown.count(count) for count, number in attempt.mismatches.items() if count}
    return tuple((count, number) for count, number in left.items() if number)


def _parameters(
    attempt: Attempt, question: Question, mapping: CompiledMapping | None, names: Mapping[str, str]
) -> Iterator[Parameter]:
    keys = mapping.selector[2] if mapping and mapping.selector else ()
    for place, (parkey, compared) in enumerate(attempt.parkeys.items()):
        elements = {key[place] for key in keys if isinstance(key, tuple) and place < len(key)}
        known = values_in(elements)
        yield Parameter(
            parkey=parkey,
            title=names.get(parkey, parkey),
            given=question.header.get(parkey, MISSING),
            compared=compared,
            known=tuple(known[:LISTED]),
            known_count=len(known),
            rules_out=attempt.ruled_out_by.get(parkey, 0),
            is_unknown=attempt.ruled_out_by.get(parkey) == attempt.case_count and compared not in known,
        )


def values_in(elements: set[str]) -> list[str]:
    """Return the values that elements of match keys name, numbers in their order, expressions as they are.

    Examples
    --------
    >>> values_in({"B|A", "N/A", "10.0", "2.0"})
    ['2.0', '10.0', 'A', 'B', 'N/A']
    """
    return sorted({part for element in elements for part in alternatives(element)}, key=_order)


def _order(text: str) -> tuple[bool, float, bool, str]:
    try:
        return (False, float(text), False, text)
    except ValueError:
        return (True, 0.0, text in ("N/A", "*"), text)


def in_words(element: str, *, last: str = "or") -> str:
    """Return what an element of a match key wants, in words.

    Examples
    --------
    >>> in_words("F560W|F770W|F1000W"), in_words("NOT F560W"), in_words("*")
    ('F1000W, F560W or F770W', 'NOT F560W', 'anything')
    """
    if element == "*":
        return "anything"
    return listed(alternatives(element), last=last) if not is_esoteric(element) else element


def shortened(element: str) -> str:
    """Return an element of a match key; of a long list the first values.

    Examples
    --------
    >>> shortened("A|B"), shortened("A|B|C|D|E|F|G|H")
    ('A|B', 'A|B|C|D|E|… (8 values)')
    """
    parts = alternatives(element)
    return element if len(parts) <= SHORT else f"{'|'.join(parts[: SHORT - 1])}|… ({len(parts)} values)"


def listed(values: Sequence[str], *, last: str = "or") -> str:
    """Return values as part of a sentence; of very many the first ones."""
    if len(values) > VALUES:
        return f"{', '.join(values[:VALUES])} {last} {len(values) - VALUES} more"
    *others, end = values
    return f"{', '.join(others)} {last} {end}" if others else end


def _verdict(entry: ReftypeTrace, searches: Sequence[Search], names: Mapping[str, str]) -> tuple[str, str]:
    """Return the reason for the answer, and what would have to be otherwise."""
    if not entry.mapping.endswith(".rmap"):
        return f"The context says {entry.mapping} for this type: it has no rules.", ""
    if not searches:
        return (entry.notes[-1] if entry.notes else _reason(entry)), ""
    last = searches[-1]
    if entry.answer is not None and not entry.answer.startswith(NOT_FOUND):
        return _why_found(entry.answer, last), ""
    if any(case.is_winner for case in last.fitting):
        word = "n/a" if entry.answer == NA else "omitted"
        return f"The case that fits best says itself that the type is {word}.", ""
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
    """Return in words how many cases fit."""
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
        text = f"{_fitting(search)}, but the date could not be looked for: {_reason(entry)}"
    elif not search.case_count:
        text = "The rules have no case at all."
    else:
        text = f"None of {search.case_count} cases fits{_because(search)}."
    # The last words of the rules tell why a failure does not count.
    return f"{text} {entry.notes[-1]}" if entry.answer == NA and entry.notes else text


def _because(search: Search) -> str:
    """Return which values no case takes at all, if that is what is wrong."""
    unknown = [one for one in search.parameters if one.is_unknown]
    if unknown:
        return f": {' and '.join(f'none takes {one.compared} for {one.title}' for one in unknown)}"
    return f": {search.complaint.rstrip('.')}" if search.complaint else ""


def _hint(attempt: Attempt, search: Search, names: Mapping[str, str]) -> str:
    """Return what would have to be otherwise for the nearest cases to fit."""
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
    """Return for each parkey that alone rules cases out which values would be right."""
    wanted: dict[str, set[str]] = {}
    for case in near:
        (miss,) = case.ruled_out_by
        wanted.setdefault(miss.parkey, set()).add(miss.wanted)
    return [
        f"{names.get(parkey, parkey)} were {listed(values_in(elements))}"
        for parkey, elements in wanted.items()
    ]
