"""Conditions in mapping headers, such as ``(DETECTOR == "CCD") and (BIASCORR != "OMIT")``, as functions.

The text is parsed, checked against the few kinds of nodes that the client allows, and built into closures. A
name can only mean a parkey.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

# A condition gets the header under names that Python accepts: META_EXPOSURE_TYPE for META.EXPOSURE.TYPE.
Names = Mapping[str, Any]
Term = Callable[[Names], Any]

MAX_TEXT = 4_000
MAX_DEPTH = 50

_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda value, group: value in group,
    ast.NotIn: lambda value, group: value not in group,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition ready to be evaluated.

    Attributes
    ----------
    text
        The text as evaluated, with dots in parkeys replaced.
    names
        All names that it looks up, sorted.
    holds
        The condition as a function of the values by name. It raises `NameError` for a name without a value
        and `TypeError` for a comparison between different types. Python's messages are part of answers.
    """

    text: str
    names: tuple[str, ...]
    holds: Term


def evaluable(parkey: str) -> str:
    """Return the name under which a condition finds `parkey`.

    Examples
    --------
    >>> evaluable("META.EXPOSURE.TYPE")
    'META_EXPOSURE_TYPE'
    """
    return parkey.replace(".", "_")


def compile_condition(text: str, parkeys: Sequence[str]) -> Condition:
    """Compile the condition `text`, which names parkeys as they are, the dotted ones with their dots.

    Raises
    ------
    ValueError
        Raised if the text is not a condition.

    Notes
    -----
    Source: ``condition_source_code_keys`` and ``MappingVerifier`` in the client. As in the client, parkeys
    are replaced one after the other in the whole text, also inside its literals.

    Examples
    --------
    >>> condition = compile_condition('(META.X in ["A", "B"])', ["META.X"])
    >>> condition.names, condition.holds({"META_X": "B"})
    (('META_X',), True)
    """
    for parkey in parkeys:
        text = text.replace(parkey, evaluable(parkey))
    if len(text) > MAX_TEXT:
        raise ValueError(f"condition of {len(text)} characters; at most {MAX_TEXT} are read")
    return _compiled(text)


@lru_cache(maxsize=512)
def _compiled(text: str) -> Condition:
    """Compile a condition once for the many mappings that state it."""
    try:
        expression = ast.parse(text, mode="eval").body
        names: set[str] = set()
        holds = _term(expression, names, MAX_DEPTH)
    except (SyntaxError, RecursionError, MemoryError, ValueError) as exc:
        raise ValueError(f"{getattr(exc, 'msg', None) or exc} in condition {text!r}") from exc
    return Condition(text, tuple(sorted(names)), holds)


def _term(node: ast.expr, names: set[str], depth: int) -> Term:
    if depth == 0:
        raise ValueError(f"more than {MAX_DEPTH} levels")
    build = _BUILDERS.get(type(node))
    if build is None:
        raise ValueError(f"{type(node).__name__} is not allowed")
    return build(node, names, depth - 1)


def _constant(node: ast.Constant, names: set[str], depth: int) -> Term:
    value = node.value
    return lambda header: value


def _name(node: ast.Name, names: set[str], depth: int) -> Term:
    name = node.id
    names.add(name)

    def look_up(header: Names) -> Any:
        try:
            return header[name]
        except KeyError:
            raise NameError(f"name {name!r} is not defined") from None

    return look_up


def _group(node: ast.Tuple | ast.List, names: set[str], depth: int) -> Term:
    if all(isinstance(element, ast.Constant) for element in node.elts):
        constant = tuple(element.value for element in node.elts if isinstance(element, ast.Constant))
        return lambda header: constant
    terms = [_term(element, names, depth) for element in node.elts]
    return lambda header: tuple(term(header) for term in terms)


def _logic(node: ast.BoolOp, names: set[str], depth: int) -> Term:
    terms = tuple(_term(value, names, depth) for value in node.values)
    stop = isinstance(node.op, ast.Or)

    def decide(header: Names) -> Any:
        value: Any = None
        for term in terms:
            value = term(header)
            if bool(value) is stop:
                return value
        return value

    return decide


def _unary(node: ast.UnaryOp, names: set[str], depth: int) -> Term:
    term = _term(node.operand, names, depth)
    if isinstance(node.op, ast.Not):
        return lambda header: not term(header)
    if isinstance(node.op, ast.USub):
        return lambda header: -term(header)
    raise ValueError(f"{type(node.op).__name__} is not allowed")


def _choice(node: ast.IfExp, names: set[str], depth: int) -> Term:
    test, first, second = (_term(part, names, depth) for part in (node.test, node.body, node.orelse))
    return lambda header: first(header) if test(header) else second(header)


def _comparison(node: ast.Compare, names: set[str], depth: int) -> Term:
    left = _term(node.left, names, depth)
    steps = []
    for kind, right in zip(node.ops, node.comparators, strict=True):
        if type(kind) not in _COMPARISONS:
            raise ValueError(f"{type(kind).__name__} is not allowed")
        steps.append((_COMPARISONS[type(kind)], _term(right, names, depth)))
    if len(steps) == 1:
        ((compare, right_term),) = steps
        return lambda header: compare(left(header), right_term(header))
    return _chain(left, tuple(steps))


def _chain(left: Term, steps: tuple[tuple[Callable[[Any, Any], Any], Term], ...]) -> Term:
    def decide(header: Names) -> Any:
        value, outcome = left(header), True
        for compare, term in steps:
            following = term(header)
            outcome = compare(value, following)
            if not outcome:
                return outcome
            value = following
        return outcome

    return decide


_BUILDERS: Mapping[type[ast.expr], Callable[[Any, set[str], int], Term]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Tuple: _group,
    ast.List: _group,
    ast.BoolOp: _logic,
    ast.UnaryOp: _unary,
    ast.IfExp: _choice,
    ast.Compare: _comparison,
}
