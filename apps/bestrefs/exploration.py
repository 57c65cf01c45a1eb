"""The parameters of an instrument and the values that its rules know, for a form that tries the rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from apps.bestrefs.errors import InstrumentNotInContextError
from apps.bestrefs.explanations import values_in
from apps.bestrefs.questions import Question, of_header
from apps.contexts import queries as contexts
from apps.core.errors import InvalidInputError
from apps.rules.dates import parse_date
from apps.rules.errors import LookupFailure
from apps.rules.lookup.compiled_mapping import CompiledMapping
from apps.rules.lookup.compiled_selectors import SEVERAL, Choice
from apps.rules.lookup.rules_as_rows import short_names

ALWAYS = ("*", "N/A")  # values in every menu
OPEN = "*"  # the value of a parameter that was left open
TRIED, TRIED_PARAMETERS = 40, 8  # values and parameters that one page tries
PICKED, TYPED = "pick:", "type:"  # prefixes of the parkey in the names of form fields
MAX_VALUE = 200  # characters of a typed value
_COMPARED = re.compile(r"""(\w+) *(?:==|!=) *["']([^"']*)["']|(\w+) +(?:not +)?in +[\[(]([^\])]*)[\])]""")


@dataclass(frozen=True, slots=True)
class Menu:
    """The menu of one parameter.

    Attributes
    ----------
    parkey, title
        Name of the parameter in the rules, and its short name.
    values
        Values that the rules know, with `ALWAYS` first.
    picked, typed
        The chosen value and the typed value; a typed value that is not empty counts.
    """

    parkey: str
    title: str
    values: tuple[str, ...]
    picked: str
    typed: str

    @property
    def pick_name(self) -> str:
        """Name of the field of the menu."""
        return PICKED + self.parkey

    @property
    def type_name(self) -> str:
        """Name of the text field."""
        return TYPED + self.parkey

    @property
    def value(self) -> str:
        """The value that the rules compare."""
        return self.typed.strip() or self.picked


@dataclass(frozen=True, slots=True)
class Exploration:
    """A form that tries the rules of one instrument.

    Attributes
    ----------
    date, time
        As typed; UTC.
    """

    context: str
    instrument: str
    menus: tuple[Menu, ...]
    date: str
    time: str

    def question(self) -> Question:
        """Return the question that the form asks.

        Raises
        ------
        InvalidInputError
            Raised if date and time are not a moment, or a value is too long.
        """
        definition = contexts.get_context(self.context).definition
        header = {menu.parkey: menu.value for menu in self.menus}
        if long := [menu.title for menu in self.menus if len(menu.value) > MAX_VALUE]:
            raise InvalidInputError(f"{long[0]} is longer than {MAX_VALUE} characters. Shorten it.")
        moment = self._moment()
        keys = definition.useafter_keys
        dates = (moment,) if len(keys) == 1 else (moment[:10], moment[11:])
        instrument = {definition.instrument_key: self.instrument.upper()}
        return of_header(self.context, {**header, **dict(zip(keys, dates, strict=True)), **instrument})

    def _moment(self) -> str:
        text = f"{self.date.strip()} {self.time.strip()}".strip()
        try:
            return parse_date(text[:MAX_VALUE]).isoformat(" ")
        except (LookupFailure, ValueError, IndexError, OverflowError) as exc:
            raise InvalidInputError(
                f"DATE-OBS {self.date[:40]!r} with TIME-OBS {self.time[:40]!r} is not a moment; write for "
                "example 2026-01-31 and 23:59:59."
            ) from exc


@dataclass(frozen=True, slots=True)
class OpenParameter:
    """A parameter that a question leaves open although the answer depends on it.

    Attributes
    ----------
    title
        Its short name.
    types
        The types whose answer is another one for some value of the parameter, upper case.
    """

    title: str
    types: tuple[str, ...]


def open_parameters(question: Question) -> list[OpenParameter]:
    """Return the parameters that were left open, each with the types whose answer depends on it.

    Values that the rules know are tried one after the other, at most `TRIED` for each of `TRIED_PARAMETERS`.
    """
    open_keys = sorted(key for key, value in question.header.items() if value.strip() == OPEN)
    if not open_keys:
        return []
    rules = question.rules
    known = _known_values(rules.imap_name(question.instrument) or "")
    titles = short_names(sorted({*known, *open_keys}), rules.definition)
    answers = rules.best_references(question.header)
    found = []
    for key in open_keys[:TRIED_PARAMETERS]:
        values = [value for value in values_in(known.get(key, set())) if value not in ALWAYS][:TRIED]
        others = [rules.best_references({**question.header, key: value}) for value in values]
        types = {kind for other in others for kind, answer in other.items() if answer != answers.get(kind)}
        if types:
            found.append(OpenParameter(titles[key], tuple(sorted(kind.upper() for kind in types))))
    return found


def exploration(context: str, instrument: str, sent: Mapping[str, str], *, now: datetime) -> Exploration:
    """Return the form for one instrument, filled with the sent values.

    Parameters
    ----------
    context
        Name of a pmap.
    now
        UTC; the default of date and time.

    Raises
    ------
    InstrumentNotInContextError
        Raised if the context has no rules for the instrument.
    UnknownContextError, UnusableContextError
        As `contexts.queries.get_context`.
    """
    rules = contexts.get_context(context)
    name = instrument.lower()
    if name not in rules.instruments():
        raise InstrumentNotInContextError(
            f"{context} has no rules for {instrument[:40]!r}; it knows {', '.join(rules.instruments())}."
        )
    known = _known_values(rules.imap_name(name) or "")
    hidden = {rules.definition.instrument_key, *rules.definition.useafter_keys}
    parkeys = sorted(known.keys() - hidden)
    titles = short_names(parkeys, rules.definition)
    menus = tuple(_menu(parkey, titles[parkey], known[parkey], sent) for parkey in parkeys)
    date, time = sent.get("date", f"{now:%Y-%m-%d}"), sent.get("time", f"{now:%H:%M:%S}")
    return Exploration(context, name, menus, date, time)


def _menu(parkey: str, title: str, known: set[str], sent: Mapping[str, str]) -> Menu:
    values = (*ALWAYS, *(value for value in values_in(known) if value not in ALWAYS))
    return Menu(parkey, title, values, sent.get(PICKED + parkey, ALWAYS[0]), sent.get(TYPED + parkey, ""))


def _known_values(imap: str) -> dict[str, set[str]]:
    """Return each upper case parkey of an instrument's rmaps, and its elements in cases and conditions."""
    known: dict[str, set[str]] = {}
    for mapping in contexts.mappings_of(imap).values():
        if mapping.kind != "rmap":
            continue
        for parkey in mapping.parkeys:
            known.setdefault(parkey.upper(), set())
        for parkey, element in (*_in_cases(mapping.selector or "N/A"), *_in_conditions(mapping)):
            known.setdefault(parkey.upper(), set()).add(element)
    return known


def _in_cases(choice: Choice) -> Iterator[tuple[str, str]]:
    if isinstance(choice, str) or choice[0] in (SEVERAL, "UseAfter"):
        return
    kind, parkeys, keys, choices = choice
    if kind == "Match":
        for key in keys:
            yield from zip(parkeys, key, strict=True)
    for nested in choices:
        yield from _in_cases(nested)


def _in_conditions(mapping: CompiledMapping) -> Iterator[tuple[str, str]]:
    """Yield the parkeys in the conditions of an rmap, and the values that they are compared with."""
    parkeys = {parkey.replace(".", "_"): parkey for parkey in mapping.parkeys}
    conditions = mapping.rules.conditions
    every = (
        conditions.omits,
        conditions.is_relevant,
        *(condition for _name, condition in conditions.matters),
    )
    for condition in filter(None, every):
        for name, value, listed_name, values in _COMPARED.findall(condition.text):
            for text in (value,) if name else re.findall(r"""["']([^"']+)["']""", values):
                if parkey := parkeys.get(name or listed_name):
                    yield parkey, text


def address_of(question: Question) -> str:
    """Return the query part of the address that fills the form with a question's parameters."""
    definition = question.rules.definition
    dates = [question.header.get(key, "") for key in definition.useafter_keys]
    date, time = dates if len(dates) == 2 else (dates[0][:10], dates[0][11:])
    left_out = {definition.instrument_key, *definition.useafter_keys}
    typed = {TYPED + parkey: value for parkey, value in question.header.items() if parkey not in left_out}
    return urlencode({**typed, "date": date, "time": time})
