"""Headers of exposures made from rules: most match some, many are at an edge, a fifth is broken."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from apps.rules.observatories import Observatory
from apps.rules.text.parser import RawSelector, parse_mapping

DATED = ("UseAfter", "ClosestTime")
ODD = ("UNDEFINED", "N/A", "*", "ANY", "", "XYZZY", "A|B", "-7.25", "1e0", "BETWEEN 1 2", "NOT FOO")
ODD_DATES = ("UNDEFINED", "", "2009-13-45", "2009/5/7", "May 14 2009", "not a date", "21/12/99")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
Case = dict[str, str]


def make_headers(
    texts: Mapping[str, str], observatory: Observatory, *, count: int, seed: str
) -> Iterator[dict[str, Any]]:
    """Yield headers for each instrument that rmaps are for.

    Parameters
    ----------
    texts
        Name to text of the rmaps of a context; other mappings are passed over.
    observatory
        Theirs.
    count
        Headers of each instrument.
    seed
        The same seed gives the same headers.
    """
    rules: dict[str, list[_Rules]] = {}
    for name, text in sorted(texts.items()):
        if name.endswith(".rmap"):
            each = _Rules(text, name, observatory)
            rules.setdefault(each.instrument, []).append(each)
    for instrument, known in rules.items():
        exposures = _Exposures(known, observatory, random.Random(f"{seed} {instrument}"))
        for number in range(count):
            yield {observatory.instrument_key: instrument.upper(), **exposures.header(is_odd=number % 5 == 4)}


class _Rules:
    """The cases of one rmap: which values lead to which dates."""

    def __init__(self, text: str, name: str, observatory: Observatory) -> None:
        parsed = parse_mapping(text, name)
        self.instrument = str(parsed.header["instrument"]).lower()
        self.dates: tuple[str, ...] = observatory.useafter_keys
        self.cases = list(self._walk(parsed.selector, parsed.header["parkey"], {}))
        # What conditions compare their parkeys with.
        header = {
            key: value for key, value in parsed.header.items() if "relevance" in key or key == "rmap_omit"
        }
        self.words = sorted(set(re.findall(r"['\"]([A-Z][A-Z0-9_]*)['\"]", str(list(header.values())))))
        self.extra = [*parsed.header.get("extra_keys", ()), str(parsed.header.get("reffile_switch", "NONE"))]

    def _walk(self, selector: Any, levels: Any, sofar: Case) -> Iterator[tuple[Case, list[str]]]:
        if not isinstance(selector, RawSelector):
            yield sofar, []
        elif selector.kind in DATED and not any(
            isinstance(row, RawSelector) for row in selector.rows.values()
        ):
            yield sofar, [str(day) for day in selector.rows]
        else:
            for key, row in selector.rows.items():
                elements = key if isinstance(key, tuple) else (key,)
                values = (
                    {} if selector.kind in DATED else dict(zip(levels[0], map(str, elements), strict=False))
                )
                for case, days in self._walk(row, levels[1:], sofar | values):
                    yield case, days or ([str(key)] if selector.kind in DATED else [])


class _Exposures:
    """Draws values for exposures of one instrument."""

    def __init__(self, rules: list[_Rules], observatory: Observatory, chance: random.Random) -> None:
        self.rules = [each for each in rules if each.cases]
        self.chance = chance
        self.dates = observatory.useafter_keys
        self.pool: dict[str, set[str]] = {key: set() for key in observatory.extra_parkeys}
        for each in rules:
            for case, _ in each.cases:
                for parkey, element in case.items():
                    self.pool.setdefault(parkey, set()).update(literals(element))
            for parkey in each.extra:
                if parkey != "NONE":
                    self.pool.setdefault(parkey, set()).update(("PERFORM", "OMIT", *each.words))

    def header(self, *, is_odd: bool) -> dict[str, Any]:
        """Return the parkeys of one exposure, broken in some places if `is_odd`."""
        header, days = self._matching()
        for parkey, values in sorted(self.pool.items()):
            if parkey not in header:
                header[parkey] = self.chance.choice([*sorted(values), "UNDEFINED"])
        header |= self._moment(days)
        if is_odd:
            self._break(header)
        return header

    def _matching(self) -> tuple[dict[str, Any], list[str]]:
        """Return values that match cases of as many types as go together."""
        header: dict[str, Any] = {}
        days: list[str] = []
        for rules in self.chance.sample(self.rules, len(self.rules)):
            case, dated = self.chance.choice(rules.cases)
            if any(
                parkey in header and header[parkey] not in literals(element)
                for parkey, element in case.items()
            ):
                continue
            for parkey, element in case.items():
                if parkey not in header and (known := sorted(literals(element))):
                    header[parkey] = self.chance.choice(known)
            days += dated
        return header, days

    def _moment(self, days: list[str]) -> dict[str, str]:
        """Return a date, often a useafter date or a second beside one."""
        moment = datetime(1995, 1, 1) + timedelta(seconds=self.chance.randrange(800_000_000))  # noqa: DTZ001
        if days and self.chance.random() < 0.6:
            day = self.chance.choice(days)
            moment = datetime.fromisoformat(day) + timedelta(seconds=self.chance.choice((-1, 0, 0, 1)))
        if len(self.dates) == 1:
            return {self.dates[0]: f"{moment:%Y-%m-%dT%H:%M:%S}"}
        return {self.dates[0]: f"{moment:%Y-%m-%d}", self.dates[1]: f"{moment:%H:%M:%S}"}

    def _break(self, header: dict[str, Any]) -> None:
        for parkey in self.chance.sample(sorted(header), min(len(header), self.chance.randint(1, 3))):
            fault = self.chance.randrange(5)
            if parkey in self.dates:
                header[parkey] = self.chance.choice(ODD_DATES)
            elif fault == 0:
                del header[parkey]
            elif fault == 1:
                header[parkey.lower()] = header.pop(parkey)
            elif fault == 2:
                header[parkey] = f"  {str(header[parkey]).lower()} "
            elif fault == 3:
                header[parkey] = self.chance.choice((True, 1, 2.0, None))
            else:
                header[parkey] = self.chance.choice(ODD)


def literals(element: str) -> Iterable[str]:
    """Return values that a key element names, or numbers at the edges of those it allows."""
    if NUMBER.search(element) and re.match(r"[#<>=]|BETWEEN ", element):
        numbers = [float(number) for number in NUMBER.findall(element)]
        return {str(number + offset) for number in numbers for offset in (-0.5, 0.0, 0.5)}
    plain = element.removeprefix("NOT ").strip("(){}#")
    return {
        part
        for part in plain.split("|")
        if part and part not in ("N/A", "*", "ANY") and not set(part) & set("*?[.")
    } | ({plain} if NUMBER.fullmatch(plain) else set())
