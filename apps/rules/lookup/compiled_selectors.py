"""Compiled selectors: their keys are conditioned, substituted and sorted.

A compiled selector is a plain tuple ``(kind, parkeys, keys, choices)``, so it can be stored and shared. A
choice is the name of a reference (or ``N/A``, ``OMIT``), another compiled selector, or, where the rules give
several references at once, ``(SEVERAL, (), (), names)``.

Notes
-----
Source: ``Selector`` and its subclasses in ``crds.core.selectors``, the parts that run when a mapping is
loaded.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from apps.rules.conditioning import condition_value
from apps.rules.lookup.bounded_cache import interned, shared
from apps.rules.lookup.decision_table import Substitutions
from apps.rules.lookup.matchers import alternatives, is_esoteric, matcher
from apps.rules.lookup.software_versions import Relation, parse_version
from apps.rules.text.parser import RawSelector

SEVERAL = "Several"

# Kind, parkeys, keys and choices.
Selector = tuple[str, tuple[str, ...], tuple[Any, ...], tuple[Any, ...]]
Choice = str | Selector


# The answer for a type that does not apply to a mode, and the start of all other answers without a reference.
NA = "NOT FOUND n/a"
NOT_FOUND = "NOT FOUND "

Key = Callable[[Any], Any]


def compile_selector(raw: RawSelector, parkeys: Sequence[Any], substitutions: Substitutions) -> Selector:
    """Compile `raw` and all selectors below it.

    Parameters
    ----------
    raw
        As parsed.
    parkeys
        Names of the parkeys of each level, this level first.
    substitutions
        Parkey to old to new value in keys.

    Raises
    ------
    ValueError, TypeError, IndexError
        Raised if keys, parkeys and levels do not fit together; the message names the culprit.
    """
    if not parkeys or not isinstance(parkeys[0], list | tuple):
        raise ValueError(f"no tuple of parkeys for selector {raw.kind}")
    names = tuple(parkeys[0])
    rows = {key: _choice(choice, parkeys[1:], substitutions) for key, choice in raw.rows.items()}
    rows = _substitute(rows, names, substitutions)
    condition, order = _KINDS[raw.kind]
    conditioned = _unique((condition(key), choice) for key, choice in rows.items())
    keys = sorted(conditioned, key=order)
    _check_keys(raw.kind, names, keys)
    choices = tuple(conditioned[key] for key in keys)
    return shared_selector((raw.kind, names, tuple(keys), choices))


def shared_selector(selector: Selector) -> Selector:
    """Return an equal selector that shares its parts with all others. Its nested selectors already do."""
    kind, parkeys, keys, choices = selector
    if kind == SEVERAL or not all(type(choice) is str for choice in choices):
        # Such a selector seldom occurs twice, but its keys do.
        return kind, interned(parkeys), tuple(map(interned, keys)), choices
    return shared((sys.intern(kind), interned(parkeys), interned(keys), interned(choices)))


def _choice(choice: Any, parkeys: Sequence[Any], substitutions: Substitutions) -> Choice:
    if isinstance(choice, str):
        return choice
    if isinstance(choice, RawSelector):
        return compile_selector(choice, parkeys, substitutions)
    if isinstance(choice, tuple | dict):
        names = tuple(choice.values() if isinstance(choice, dict) else choice)
        if all(isinstance(name, str) for name in names):
            return (SEVERAL, (), (), names)
    raise ValueError(f"choice {choice!r} is not the name of a reference")


def _substitute(
    rows: dict[Any, Choice], parkeys: tuple[str, ...], substitutions: Substitutions
) -> dict[Any, Choice]:
    """Return `rows` with values of keys replaced. If cases become equal, the one replaced last stays."""
    for place, parkey in enumerate(parkeys):
        replaced = substitutions.get(parkey)
        if not replaced:
            continue
        for key in list(rows):
            old = key[place] if isinstance(key, tuple) else key
            if old in replaced:
                new = tuple(replaced[old]) if isinstance(replaced[old], list) else replaced[old]
                whole = (*key[:place], new, *key[place + 1 :]) if isinstance(key, tuple) else new
                rows[whole] = rows.pop(key)
    return rows


def _unique(rows: Iterator[tuple[Any, Choice]]) -> dict[Any, Choice]:
    found: dict[Any, Choice] = {}
    for key, choice in rows:
        if key in found:
            raise ValueError(f"key {key!r} appears more than once")
        found[key] = choice
    return found


def _check_keys(kind: str, parkeys: tuple[str, ...], keys: Sequence[Any]) -> None:
    if kind in ("Match", "GeometricallyNearest"):
        for key in keys:
            key = key if isinstance(key, tuple) else (key,)
            if len(key) != len(parkeys):
                raise ValueError(f"{kind} key {key!r} is of wrong length for parkeys {parkeys!r}")
    if kind == "Match":
        for element in {element for key in keys for element in key}:
            if is_esoteric(element) or element[:1] in (">", "<"):
                matcher(element)


def condition_match_key(key: Any) -> tuple[str, ...]:
    """Return a match key with each element as it is compared. A single value is a key of one element.

    Examples
    --------
    >>> condition_match_key(("ANY", 1, "b|A", "(x.*)"))
    ('*', '1.0', 'A|B', '(x.*)')
    """
    return tuple(condition_element(element) for element in (key if isinstance(key, tuple) else (key,)))


def condition_element(element: Any) -> str:
    """Return one element of a match key as it is compared."""
    if isinstance(element, list | tuple):
        return "|".join(condition_value(part) for part in element)
    if not isinstance(element, str):
        return condition_value(element)
    if (element.startswith("{") and element.endswith("}")) or (
        element.startswith("(") and element.endswith(")")
    ):
        return element
    if "|" in element:
        return "|".join(condition_value(part) for part in alternatives(element))
    return condition_value(element)


def _date(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"date {key!r} is not text")
    return key


def _itself(key: Any) -> Any:
    return key


_KINDS: Mapping[str, tuple[Key, Key]] = {
    "Match": (condition_match_key, _itself),
    "UseAfter": (_date, _itself),
    "ClosestTime": (_date, _itself),
    "VersionAfter": (parse_version, _itself),
    "SelectVersion": (lambda key: Relation.parse(str(key)).text, Relation.parse),
    "GeometricallyNearest": (condition_value, _itself),
    "Bracket": (float, _itself),
}


def references_in(choice: Choice) -> Iterator[str]:
    """Yield every name in a choice, special values included, unordered and with repeats."""
    if isinstance(choice, str):
        yield choice
        return
    for nested in choice[3]:
        if isinstance(nested, str):
            yield nested
        else:
            yield from references_in(nested)
