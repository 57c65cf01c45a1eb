"""The rules of one reference type: from a conditioned header to its best reference.

Notes
-----
Source: ``ReferenceMapping._get_best_ref`` in ``crds.core.rmap``. The order of the steps is part of the
contract: omit, relevance, precondition hook, parkeys that do not matter, choosing, exemption, fallback hook,
and whether a reference is required at all.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from apps.rules.errors import LookupFailure, NothingFits
from apps.rules.lookup.bounded_cache import Memo
from apps.rules.lookup.compiled_selectors import NA, NOT_FOUND, Selector
from apps.rules.lookup.decision_table import Standing
from apps.rules.lookup.expressions import Condition, compile_condition, evaluable
from apps.rules.lookup.lookup_record import ReftypeTrace
from apps.rules.lookup.selectors import Chooser, Match, Several, UseAfter, is_plain_date, ready
from apps.rules.observatories import Observatory
from apps.rules.observatories.observatory import Hook
from apps.rules.text.header_fields import text_field
from apps.rules.text.special_values import NOT_APPLICABLE, OMITTED

# All errors that a lookup may raise; the client turns each into an answer.
FAILURES = (
    LookupFailure,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    NameError,
    OverflowError,
    SyntaxError,
)

# The purposes of hooks, in the order in which they run.
HOOKS = ("precondition_header", "fallback_header")

# Means "not remembered" where None is an answer.
_UNKNOWN = object()

Header = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps that remain for a mode once its date is known.

    Attributes
    ----------
    stages
        Useafter dates and their references, the best case first.
    end
        The outcome if all dates of all stages are later: the answer, None to leave the type out, or the plan
        for another header.
    unusable
        The same for an observation without a usable date. It is empty if the error about the date is the
        answer.
    """

    stages: tuple[tuple[Sequence[str], Sequence[str]], ...]
    end: Outcome
    unusable: Outcome

    def answer(self, moment: str) -> str | None:
        """Return the answer for an observation at `moment`."""
        for dates, references in self.stages:
            place = bisect_right(dates, moment)
            if place:
                return references[place - 1]
        return self.end.answer(moment) if isinstance(self.end, Plan) else self.end

    def complain(self, complaint: str) -> str | None:
        """Return the answer for an observation without a usable date."""
        if isinstance(self.unusable, Plan):
            return self.unusable.complain(complaint)
        return NOT_FOUND + complaint if self.unusable == "" else self.unusable


# The result for a mode without its date: the answer, None to leave the type out, or a plan.
Outcome: TypeAlias = "str | Plan | None"


def required_parkeys(header: Mapping[str, Any], observatory: Observatory) -> tuple[str, ...]:
    """Return the parkeys that a reference mapping needs: matched, switch, extra, and of the observatory."""
    matched: list[str] = []
    for level in header["parkey"]:
        matched.extend(level if isinstance(level, tuple) else (level,))
    switch = text_field(header, "reffile_switch", "NONE").upper()
    if switch != "NONE":
        matched.append(switch)
    return (*matched, *header.get("extra_keys", ()), *observatory.extra_parkeys)


@dataclass(frozen=True, slots=True)
class Conditions:
    """The conditions in the header of a reference mapping.

    Attributes
    ----------
    omits, is_relevant
        The condition that leaves the type out of the answers, and the condition that the type applies.
    matters
        Parkeys that do not always matter, in the order of the rules, each with the condition under which it
        matters. None means that it never matters.
    """

    omits: Condition
    is_relevant: Condition
    matters: tuple[tuple[str, Condition | None], ...]

    @classmethod
    def of(cls, header: Mapping[str, Any], parkeys: Sequence[str]) -> Conditions:
        """Return the conditions of a mapping header.

        Raises
        ------
        ValueError, TypeError, AttributeError
            Raised if the text of one is not a condition.
        """
        omits = text_field(header, "rmap_omit", "False")
        relevance = text_field(header, "rmap_relevance", "always").replace("always", "True")
        matters: dict[str, Condition | None] = {
            parkey.lower(): compile_condition(text, parkeys)
            for parkey, text in header.get("parkey_relevance", {}).items()
        }
        matters.update((parkey.lower(), None) for parkey in header.get("comment_parkeys", ()))
        return cls(
            compile_condition(omits, parkeys),
            compile_condition(relevance, parkeys),
            tuple((parkey, matters[parkey.lower()]) for parkey in parkeys if parkey.lower() in matters),
        )

    @property
    def names(self) -> frozenset[str]:
        """All names that the conditions look up."""
        conditions = [self.omits, self.is_relevant, *(condition for _parkey, condition in self.matters)]
        return frozenset(name for condition in conditions if condition for name in condition.names)


class ReferenceRules:
    """One reference mapping, ready to answer.

    Parameters
    ----------
    header
        Header of the mapping, as written.
    selector
        Its compiled selector.
    observatory
        The observatory, whose special cases apply.

    Raises
    ------
    ValueError, TypeError, KeyError
        Raised if parts of the header contradict each other.

    Attributes
    ----------
    epochs
        The dates at which hooks change their behaviour, sorted.
    """

    def __init__(self, header: Mapping[str, Any], selector: Selector, observatory: Observatory) -> None:
        self.filekind = text_field(header, "filekind", "")
        self.parkeys = required_parkeys(header, observatory)
        self._observatory = observatory
        self._conditions = Conditions.of(header, self.parkeys)
        self._omits, self._is_relevant = self._conditions.omits, self._conditions.is_relevant
        self._always_applies = (self._omits.text, self._is_relevant.text) == ("False", "True")
        self._matters = self._conditions.matters
        self._required = text_field(header, "reffile_required", "NONE").upper() in ("YES", "NONE")
        instrument = text_field(header, "instrument", "")
        self._precondition = find_hook(header, "precondition_header", instrument, self.filekind, observatory)
        self._fallback = find_hook(header, "fallback_header", instrument, self.filekind, observatory)
        self.chooser: Chooser = ready(
            selector, substitutions=substitutions_of(header, observatory), merges=merges_ties(header)
        )
        self.date_parkeys = self._plain_date_parkeys()
        # The selector on top is a Match if there are date parkeys, and otherwise this name is not used.
        self._match = cast(Match, self.chooser)
        self.epochs = tuple(sorted({epoch for hook in self._hooks for epoch in hook.epochs}))
        # Names of each parkey: as written, in lower and upper case, and as conditions spell it.
        self._spellings = tuple((key, key.lower(), key.upper(), evaluable(key)) for key in self.parkeys)
        self._plans: Memo[tuple[int, str | None], object] = Memo()

    def _plain_date_parkeys(self) -> tuple[str, ...] | None:
        """Return the parkeys of the date if only the date matters after matching; None for other rules.

        Most rules are like this: a Match with nothing but dates below it.
        """
        if not isinstance(self.chooser, Match):
            return None
        below = [choice for choice in self.chooser.choices if not isinstance(choice, str)]
        dates = {choice[1] for choice in below if is_plain_date(choice)}
        others = [choice for choice in below if not is_plain_date(choice)]
        if others or len(dates) > 1:
            return None
        parkeys = dates.pop() if dates else ()
        rewritten = {parkey for parkey, _condition in self._matters}.union(self.hook_parkeys)
        return None if rewritten.intersection(parkeys) else parkeys

    @property
    def _hooks(self) -> tuple[Hook, ...]:
        return tuple(hook for hook in (self._precondition, self._fallback) if hook)

    @property
    def hook_parkeys(self) -> tuple[str, ...]:
        """The parkeys other than dates that hooks read or write."""
        return tuple(parkey for hook in self._hooks for parkey in hook.parkeys)

    @property
    def conditions(self) -> Conditions:
        """The conditions under which the type applies and its parkeys matter."""
        return self._conditions

    @property
    def names(self) -> frozenset[str]:
        """All names that the conditions look up."""
        return self._conditions.names

    @property
    def exemption_parkeys(self) -> tuple[str, ...]:
        """The parkeys that decide whether a failure is excused."""
        exemption = self._observatory.exemption
        return exemption.parkeys if exemption else ()

    @property
    def matched_parkeys(self) -> tuple[str, ...]:
        """The parkeys of the Match on top; none if the rules do not begin with a Match."""
        return self.chooser.parkeys if isinstance(self.chooser, Match) else ()

    def answer(self, header: Header, trace: ReftypeTrace | None = None) -> str | None:
        """Return the best reference, or the reason why there is none; None if the type is left out.

        Parameters
        ----------
        header
            Conditioned values by parkey, and by evaluable name for dotted parkeys.
        trace
            Record of the steps, if wanted.
        """
        try:
            answer = self._answer(header, trace)
        except FAILURES as exc:
            answer = NOT_FOUND + str(exc)
        if trace is not None:
            trace.answer = answer
        return answer

    def _answer(self, header: Header, trace: ReftypeTrace | None) -> str | None:
        refusal, applies = self._applies(header, trace)
        if not applies:
            return refusal
        changed = dict(header)
        if self._precondition:
            self._precondition.change(changed)
            _note_changes(header, changed, "precondition hook", trace)
        rewritten = self._without_irrelevant(changed, trace)
        try:
            return finished(self.chooser.choose(rewritten, trace))
        except FAILURES as exc:
            if self._is_exempt(rewritten):
                _note(trace, f"{exc} Such exposures are not calibrated, so they need no reference.")
                return NA
            return self._answer_again(header, exc, trace)

    def _answer_again(self, header: Header, failure: Exception, trace: ReftypeTrace | None) -> str | None:
        """Look up the header of the fallback hook, if there is one, after the first lookup failed."""
        if self._fallback:
            changed = dict(header)
            self._fallback.change(changed)
            _note_changes(header, changed, "fallback hook", trace)
            try:
                minimal = self._without_irrelevant(self._minimal(changed), trace)
                return finished(self.chooser.choose(minimal, trace))
            except FAILURES as exc:
                failure = exc
        _note(trace, str(failure))
        if not self._required:
            _note(trace, "A reference of this type is not required.")
            return NA
        raise failure

    def outcome(self, header: Header) -> Outcome:
        """Return the outcome without the date, for rules that have `date_parkeys`; keep no record.

        Parameters
        ----------
        header
            As for `answer`. Where hooks have epochs, it holds a date of the right epoch.
        """
        try:
            refusal, applies = self._applies(header, None)
            if not applies:
                return refusal
            rewritten = header
            if self._precondition:
                rewritten = dict(header)
                self._precondition.change(rewritten)
            rewritten = self._without_irrelevant(rewritten, None)
        except FAILURES as exc:
            return NOT_FOUND + str(exc)
        excuse = NA if self._is_exempt(rewritten) else None
        if excuse is None and self._fallback:
            return self._plan(rewritten, self._second_outcome(header, self._fallback))
        return self._plan(rewritten, excuse or self._default)

    def _second_outcome(self, header: Header, fallback: Hook) -> Outcome:
        """Return the outcome for the header of the fallback hook."""
        changed = dict(header)
        try:
            fallback.change(changed)
        except FAILURES as exc:
            return NOT_FOUND + str(exc)
        try:
            return self._plan(self._without_irrelevant(self._minimal(changed), None), self._default)
        except FAILURES as exc:
            return self._default or NOT_FOUND + str(exc)

    @property
    def _default(self) -> str:
        """The answer if everything failed; empty if the failure itself is the answer."""
        return "" if self._required else NA

    def _plan(self, header: Header, on_failure: Outcome) -> Outcome:
        """Return the outcome of matching; after a failure `on_failure`, or if that is empty the failure."""
        try:
            standing = self._match.table.standing(self._match.values(header))
        except FAILURES as exc:
            return on_failure if on_failure != "" else NOT_FOUND + str(exc)
        if isinstance(standing, Standing) or isinstance(on_failure, Plan):
            return self._made_plan(standing, on_failure)
        # There are far fewer sets of cases than combinations of values.
        plan = self._plans.get((standing, on_failure), _UNKNOWN)
        if plan is _UNKNOWN:
            plan = self._plans.recall((standing, on_failure), _UNKNOWN)
        if plan is _UNKNOWN:
            plan = self._plans.remember((standing, on_failure), self._made_plan(standing, on_failure))
        return plan  # type: ignore[return-value]

    def _made_plan(self, standing: int | Standing, on_failure: Outcome) -> Outcome:
        stages: list[tuple[Sequence[str], Sequence[str]]] = []
        end = on_failure
        try:
            for choice in self._match.merged(self._match.table.ranked(standing)):
                if not isinstance(choice, UseAfter):
                    end = finished(choice)
                    break
                stages.append((choice.keys, choice.answers))
            else:
                raise NothingFits("No match found.")
        except FAILURES as exc:
            if on_failure == "":
                end = NOT_FOUND + str(exc)
        return Plan(tuple(stages), end, on_failure) if stages else end

    def _applies(self, header: Header, trace: ReftypeTrace | None) -> tuple[str | None, bool]:
        """Return the answer for a type that is not looked up, and whether it is looked up."""
        if self._always_applies:
            return None, True
        if self._holds(self._omits, header, otherwise=False, trace=trace):
            _note(trace, f"Left out, because {self._omits.text}.")
            return None, False
        if not self._holds(self._is_relevant, header, otherwise=True, trace=trace):
            _note(trace, f"Does not apply, because not {self._is_relevant.text}.")
            return NA, False
        return None, True

    def _holds(
        self, condition: Condition, header: Header, *, otherwise: bool, trace: ReftypeTrace | None
    ) -> Any:
        """Evaluate a condition. If that fails, return `otherwise`, as the client does."""
        try:
            return condition.holds(header)
        except FAILURES as exc:
            _note(trace, f"Condition {condition.text} is ignored: {exc}.")
            return otherwise

    def _without_irrelevant(self, header: Header, trace: ReftypeTrace | None) -> Header:
        """Return the header with N/A for parkeys that do not matter to this mode.

        Notes
        -----
        Source: ``map_irrelevant_parkeys_to_na`` in the client. A condition that cannot be evaluated is an
        error.
        """
        if not self._matters:
            return header
        names: dict[str, Any] | Header = header
        missing = [parkey for parkey in self.parkeys if parkey not in header]
        if missing:
            names = {**header, **dict.fromkeys((*missing, *map(evaluable, missing)), "UNDEFINED")}
        changes: dict[str, str] = {}
        for parkey, condition in self._matters:
            if condition is None or not condition.holds(names):
                changes[parkey] = "N/A"
                _note(trace, f"{parkey} does not matter{' here' if condition else ''}.")
        return {**header, **changes} if changes else header

    def _minimal(self, header: Header) -> dict[str, str]:
        """Return only the parkeys that these rules require, with UNDEFINED for missing ones."""
        minimal: dict[str, str] = {}
        for parkey, lower, upper, name in self._spellings:
            value = header[lower] if lower in header else header.get(upper, "UNDEFINED")
            minimal[name] = minimal[parkey] = value
        return minimal

    def _is_exempt(self, header: Header) -> bool:
        exemption = self._observatory.exemption
        if exemption is None:
            return False
        try:
            return exemption.applies(header)
        except FAILURES:
            return False


def finished(choice: str | Several) -> str | None:
    """Return the answer for the choice of the rules.

    Notes
    -----
    The client returns a tuple with selector objects in it where the first of several tied cases has no
    selector, and for rules that give several references. A tuple has no form on the wire, so it is an error
    here.
    """
    if isinstance(choice, Several):
        return f"{NOT_FOUND}The rules lead to {len(choice.choices)} choices where one is needed: {choice}"
    if choice in NOT_APPLICABLE:
        return NA
    return None if choice in OMITTED else choice


def substitutions_of(header: Mapping[str, Any], observatory: Observatory) -> dict[str, Mapping[Any, Any]]:
    """Return parkey to old to new value. For each parkey, the mapping overrides the observatory."""
    return {**observatory.substitutions, **header.get("substitutions", {})}


def merges_ties(header: Mapping[str, Any]) -> bool:
    """Return whether equally good cases are merged. They are, unless the mapping says otherwise."""
    return str(header.get("merge_overlaps", "TRUE")).upper() in ("TRUE", "1")


def find_hook(
    header: Mapping[str, Any], name: str, instrument: str, filekind: str, observatory: Observatory
) -> Hook | None:
    """Return the hook of a mapping for one purpose, or None. An unknown name also gives None."""
    return observatory.hooks.get(instrument, {}).get(_hook_name(header, name, instrument, filekind))


def _hook_name(header: Mapping[str, Any], name: str, instrument: str, filekind: str) -> str:
    hooks = header.get("hooks")
    return hooks.get(name, name) if hooks else f"{name}_{instrument}_{filekind}_v1"


def hook_names(
    header: Mapping[str, Any], instrument: str, filekind: str, observatory: Observatory
) -> list[tuple[str, str]]:
    """Return the purpose and the name of each hook of a mapping, in the order in which they run."""
    return [
        (purpose, _hook_name(header, purpose, instrument, filekind))
        for purpose in HOOKS
        if find_hook(header, purpose, instrument, filekind, observatory)
    ]


def _note(trace: ReftypeTrace | None, text: str) -> None:
    if trace is not None:
        trace.note(text)


def _note_changes(before: Header, after: Header, by: str, trace: ReftypeTrace | None) -> None:
    if trace is not None:
        for parkey, value in after.items():
            if before.get(parkey) != value:
                trace.note(f"{parkey} is {before.get(parkey)!r}, and {value!r} after the {by}.")
