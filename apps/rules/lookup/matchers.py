"""Elements of match keys: the verdict of each on one value of a header.

Notes
-----
Source: ``matcher`` and the ``Matcher`` classes in ``crds.core.selectors``; user's guide, "CRDS Rules".
"""

from __future__ import annotations

import fnmatch
import operator
import re
from collections.abc import Callable, Mapping
from typing import Literal

# 1 counts for the case, 0 leaves it open ("do not care") and -1 rules it out.
Verdict = Literal[1, 0, -1]
Matcher = Callable[[str], Verdict]

WILD_VALUES = ("*", "ANY", "N/A")

MAX_REGEX = 200
MAX_REPEATS = 3

# Longer values never match a regular expression: no parkey is that long, and time stays bounded.
MAX_REGEX_VALUE = 128

_RELATION = re.compile(r"([><]=?)\s*([-+]?(?:[0-9]*\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?)")
_RELATIONS: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


def is_esoteric(element: str) -> bool:
    """Return whether an element is more than a list of names, so that valid values cannot be listed.

    Examples
    --------
    >>> [is_esoteric(element) for element in ("FOO|BAR", "NOT FOO", "BETWEEN 1 2", "#>1#", "{A|B}", "(A.*)")]
    [False, True, True, True, True, True]
    """
    upper = element.upper()
    bracketed = upper.startswith(("{", "(", "#")) and upper.endswith(("}", ")", "#"))
    return bracketed or upper.startswith(("BETWEEN", "NOT"))


def alternatives(element: str) -> list[str]:
    """Return the parts of ``A|B|C`` sorted and stripped, or the element alone if it is not such a list.

    Examples
    --------
    >>> alternatives("FOO|BAR | BAZ|")
    ['BAR', 'BAZ', 'FOO']
    """
    if "|" in element and not is_esoteric(element):
        return sorted(part.strip() for part in element.split("|") if part.strip())
    return [element]


def matcher(element: str) -> Matcher:
    """Return a function that gives the verdict of the conditioned `element` on a conditioned value.

    Raises
    ------
    ValueError
        Raised if the element is malformed, or if it is a regular expression that could take long.

    Examples
    --------
    >>> [matcher("BETWEEN 10 20")(value) for value in ("9.9", "10.0", "20.0", "*", "N/A", "FOO")]
    [-1, 1, -1, 1, 0, -1]
    """
    if element.startswith("(") and element.endswith(")"):
        return _regex(element[1:-1])
    if element.startswith("{") and element.endswith("}"):
        return _literal(element[1:-1])
    if element.startswith("#") and element.endswith("#"):
        return _hash(element.upper())
    if element.upper().startswith("BETWEEN"):
        return _between(element)
    if element.upper().startswith("NOT "):
        return _negation(element)
    if "|" in element or "*" in element:
        return _glob(element)
    if element == "N/A":
        return lambda value: 0
    if element.startswith((">", "<")):
        return _relation(element)
    return _literal(element)


def literals_of(element: str) -> list[str] | None:
    """Return the values that a plain element names; None if only its matcher can decide.

    Examples
    --------
    >>> literals_of("A|B"), literals_of("A*"), literals_of("NOT A")
    (['A', 'B'], None, None)
    """
    if element == "N/A" or is_esoteric(element) or element[:1] in ("(", "{", "#", ">", "<"):
        return None
    parts = alternatives(element)
    if len(parts) == 1 and parts[0] == element and "*" not in element:
        return parts
    return None if any(mark in element for mark in "*?[") or not parts else parts


def _open(value: str) -> Verdict:
    """Return the verdict on a value that does not match: wild values still fit."""
    if value == "*":
        return 1
    return 0 if value == "N/A" else -1


def _literal(text: str) -> Matcher:
    return lambda value: 1 if value == text else _open(value)


def _glob(element: str) -> Matcher:
    parts = [fnmatch.translate(part) for part in alternatives(element)]
    fits = re.compile("^(" + "|".join(parts) + ")$").match
    return lambda value: _open(value) if value in ("*", "N/A") else (1 if fits(value) else -1)


def _regex(pattern: str) -> Matcher:
    require_quick(pattern)
    try:
        fits = re.compile(pattern).match
    except re.error as exc:
        raise ValueError(f"bad regular expression {pattern!r}: {exc}") from exc

    def decide(value: str) -> Verdict:
        if value == pattern:
            return 1
        if value in ("*", "N/A"):
            return _open(value)
        return 1 if len(value) <= MAX_REGEX_VALUE and fits(value) else -1

    return decide


def require_quick(pattern: str) -> None:
    """Refuse a regular expression that could make matching take long.

    Repeats inside repeats, alternatives inside repeats, back references and more than a few repeats are
    refused, whether this one is slow or not.

    Examples
    --------
    >>> require_quick("NRS_(FULL|SUB).*")
    >>> require_quick("(A+)+")
    Traceback (most recent call last):
    ...
    ValueError: a repeated group holds repeats or alternatives in regular expression '(A+)+'
    """
    if len(pattern) > MAX_REGEX:
        raise ValueError(f"regular expression of {len(pattern)} characters; at most {MAX_REGEX} are read")
    plain = re.sub(r"\\[^0-9a-zA-Z]|\\[dDwWsSbB]|\[\^?\]?[^\]]*\]", "x", pattern)
    if "\\" in plain or re.search(r"\(\?(?!:)", plain):
        raise ValueError(f"back references and extensions are not allowed in regular expression {pattern!r}")
    plain = plain.replace("(?:", "(")
    if len(re.findall(r"[*+{?]", plain)) > MAX_REPEATS:
        raise ValueError(f"more than {MAX_REPEATS} repeats in regular expression {pattern!r}")
    while group := re.search(r"\(([^()]*)\)([*+{?]?)", plain):
        if group[2] and re.search(r"[*+{?|]", group[1]):
            raise ValueError(
                f"a repeated group holds repeats or alternatives in regular expression {pattern!r}"
            )
        # An alternative must still be seen from outside when a group around this one is repeated.
        inner = "".join(re.findall(r"[*+{?|]", group[1]))
        plain = plain[: group.start()] + "x" + inner + group[2] + plain[group.end() :]


def _relation(element: str) -> Matcher:
    match = _RELATION.match(element)
    if match is None:
        raise ValueError(f"invalid relation {element!r}")
    holds, bound = _RELATIONS[match[1]], float(match[2])

    def decide(value: str) -> Verdict:
        if value == element:
            return 1
        if value in ("*", "N/A"):
            return _open(value)
        try:
            return 1 if holds(float(value), bound) else -1
        except ValueError:
            return -1

    return decide


def _hash(element: str) -> Matcher:
    """Return the matcher of ``# >1 AND <=20 #``."""
    for word, every in (("AND", True), ("OR", False)):
        if f" {word} " in element:
            return _pair(element, element.strip()[1:-1], word, every=every)
    return matcher(element[1:-1])


def _between(element: str) -> Matcher:
    parts = element.split()
    if len(parts) != 3 or not float(parts[1]) <= float(parts[2]):
        raise ValueError(f"invalid relation {element!r}: should be 'between lower_bound upper_bound'")
    text = f">={parts[1]} AND <{parts[2]}"
    return _pair(text, text, "AND", every=True)


def _pair(whole: str, text: str, word: str, *, every: bool) -> Matcher:
    """Return the matcher of two relations joined by `word`. Anything after the second one is ignored."""
    first, second = (matcher(part.strip()) for part in text.split(word)[:2])

    def decide(value: str) -> Verdict:
        value = value.upper()
        if value == whole:
            return 1
        if value in ("*", "N/A"):
            return _open(value)
        if every:
            return 1 if first(value) == 1 and second(value) == 1 else -1
        return 1 if first(value) == 1 or second(value) == 1 else -1

    return decide


def _negation(element: str) -> Matcher:
    negated = matcher(element[len("NOT ") :].strip())
    opposite: Mapping[Verdict, Verdict] = {1: -1, -1: 1, 0: 0}
    return lambda value: opposite[negated(value)]
