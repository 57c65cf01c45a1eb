"""Conditions of a definition on the header of a file, without the library and without its data.

Certification has the last word. This says beforehand what a changed definition would mean for many files,
from their headers alone.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from apps.rules.observatories.definition import Constraint
from apps.rules.observatories.definition_expressions import one_line

UNDEFINED = ("", "UNDEFINED")
_NUMBERS: Mapping[str, Callable[[str], float]] = {"integer": int, "real": float, "double": float}
_TRUTHS = frozenset({"T", "F", "TRUE", "FALSE"})


class UndecidedError(Exception):
    """The header alone does not decide a condition."""


def faults_of(header: Mapping[str, str], constraints: Iterable[Constraint]) -> list[tuple[str, str]]:
    """Return the keywords of a header that break conditions, each with the fault in a sentence.

    Conditions that the header alone does not decide are passed over; `undecidable` names them.

    Examples
    --------
    >>> faults_of({"FILTER": "Z"}, [Constraint("FILTER", values=("J", "H"))])
    [('FILTER', "FILTER is 'Z'; allowed are J, H.")]
    """
    known = {key.upper(): value.strip() for key, value in header.items()}
    return [(one.keyword, fault) for one in constraints for fault in _faults(known, one)]


def undecidable(constraints: Iterable[Constraint]) -> list[str]:
    """Return sentences about the conditions that no header decides."""
    return sorted({f"{one.keyword}: {reason}." for one in constraints if (reason := _undecided(one))})


def _undecided(one: Constraint) -> str:
    if one.place != "header":
        return f"it stands in the {one.place}, which only certification reads"
    if one.form:
        return f"only certification knows the form {one.form}"
    if any(map(_asks_more, filter(None, (one.when, one.check)))):
        return "its condition asks for more than the header"
    return ""


def _asks_more(text: str) -> bool:
    """Return whether a condition calls what only the library knows, or calculates."""
    for node in ast.walk(ast.parse(one_line(text), mode="eval")):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in _CALLED:
            return True
        if isinstance(node, (ast.BinOp, ast.Subscript)):
            return True
    return False


def _faults(header: Mapping[str, str], one: Constraint) -> Iterator[str]:
    if one.place != "header":
        return
    value = header.get(one.keyword, "")
    is_there = value.upper() not in UNDEFINED
    if not is_there and _is_required(header, one):
        yield f"{one.keyword} is missing."
    if is_there and one.required == "excluded" and not one.when:
        yield f"{one.keyword} is there, and may not be."
    if is_there:
        yield from _faults_of_value(value, one)
    if one.check and _decide(one.check, header) is False:
        yield f"{one.keyword}: {one_line(one.check)} does not hold."


def _is_required(header: Mapping[str, str], one: Constraint) -> bool:
    if one.when:
        return _decide(one.when, header) is True
    return one.required == "yes"


def _faults_of_value(value: str, one: Constraint) -> Iterator[str]:
    number = _NUMBERS.get(one.type)
    if number is not None:
        yield from _faults_of_number(value, one, number)
        return
    if one.type == "logical" and value.upper() not in _TRUTHS:
        yield f"{one.keyword} is {value[:60]!r}, which is neither T nor F."
    words = [value] if one.type == "exact" else value.upper().split("|")
    for word in words:
        if one.values and word.strip() not in one.values:
            yield f"{one.keyword} is {word.strip()[:60]!r}; allowed are {_listed(one.values)}."


def _faults_of_number(value: str, one: Constraint, number: Callable[[str], float]) -> Iterator[str]:
    try:
        found = number(value)
    except ValueError:
        if value.upper() not in one.values:
            yield f"{one.keyword} is {value[:60]!r}, which is not a number of type {one.type}."
        return
    if one.values and not any(_is_same(found, text, number) for text in one.values):
        yield f"{one.keyword} is {value[:60]}; allowed are {_listed(one.values)}."


def _is_same(found: float, text: str, number: Callable[[str], float]) -> bool:
    low, colon, high = text.partition(":")
    try:
        return number(low) <= found <= number(high) if colon else number(text) == found
    except ValueError:
        return False


def _listed(values: tuple[str, ...]) -> str:
    more = f" and {len(values) - 12} more" if len(values) > 12 else ""
    return f"{', '.join(values[:12])}{more}"


def _decide(text: str, header: Mapping[str, str]) -> bool | None:
    """Return whether a condition without fault holds; None if the header alone does not decide it."""
    names = {key.replace(".", "_"): value for key, value in header.items()}
    try:
        return bool(_value(ast.parse(one_line(text), mode="eval").body, names))
    except (UndecidedError, SyntaxError, TypeError, ValueError, ArithmeticError):
        return None


def _value(node: ast.AST, names: Mapping[str, str]) -> Any:
    """Return the value of a part of a condition; only what `definition_expressions` allows comes here."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return names.get(node.id, "UNDEFINED")
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_value(part, names) for part in node.elts]
    if isinstance(node, ast.BoolOp):
        return _logic(node, names)
    if isinstance(node, ast.UnaryOp):
        value = _value(node.operand, names)
        return not value if isinstance(node.op, ast.Not) else -value
    if isinstance(node, ast.IfExp):
        return _value(node.body if _value(node.test, names) else node.orelse, names)
    if isinstance(node, ast.Compare):
        return _comparison(node, names)
    if isinstance(node, ast.Call):
        return _call(node, names)
    raise UndecidedError


def _logic(node: ast.BoolOp, names: Mapping[str, str]) -> Any:
    is_or, value = isinstance(node.op, ast.Or), None
    for part in node.values:
        value = _value(part, names)
        if bool(value) is is_or:
            return value
    return value


_COMPARED: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: lambda left, right: bool(left == right),
    ast.NotEq: lambda left, right: bool(left != right),
    ast.Lt: lambda left, right: bool(left < right),
    ast.LtE: lambda left, right: bool(left <= right),
    ast.Gt: lambda left, right: bool(left > right),
    ast.GtE: lambda left, right: bool(left >= right),
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}


def _comparison(node: ast.Compare, names: Mapping[str, str]) -> bool:
    left = _value(node.left, names)
    for kind, part in zip(node.ops, node.comparators, strict=True):
        right = _value(part, names)
        compare = _COMPARED.get(type(kind))
        if compare is None:
            raise UndecidedError
        if not compare(left, right):
            return False
        left = right
    return True


_CALLED: Mapping[str, Callable[..., Any]] = {
    "abs": abs,
    "float": float,
    "int": int,
    "len": len,
    "max": max,
    "min": min,
    "str": str,
    "is_defined": lambda value: value not in UNDEFINED,
    "required": bool,
}
_METHODS: Mapping[str, Callable[..., Any]] = {
    "endswith": str.endswith,
    "lower": str.lower,
    "startswith": str.startswith,
    "upper": str.upper,
}


def _call(node: ast.Call, names: Mapping[str, str]) -> Any:
    values = [_value(part, names) for part in node.args]
    if isinstance(node.func, ast.Attribute):
        method = _METHODS.get(node.func.attr)
        values = [str(_value(node.func.value, names)), *values]
    else:
        method = _CALLED.get(node.func.id) if isinstance(node.func, ast.Name) else None
    if method is None:
        raise UndecidedError
    return method(*values)
