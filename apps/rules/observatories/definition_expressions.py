"""Conditions in a definition, which the client evaluates as Python: only harmless ones are let through.

A definition reaches other people's machines, so a condition may compare, combine and call the helpers of the
client, and nothing else.
"""

from __future__ import annotations

import ast
from collections.abc import Collection

LONGEST = 4000  # characters
DEEPEST = 30

# Source: ``crds/certify/validators/helpers.py``.
HELPERS = frozenset((
    "all_subarray", "array_exists", "full_frame", "has_column_type", "has_columns", "has_type",
    "is_defined", "is_full_frame", "is_image", "is_imaging_mode", "is_irs2", "is_subarray",
    "is_table", "ndim", "optional", "required", "subarray", "subarray_defined", "warn_only",
    "warning",
))  # fmt: skip
BUILT_IN = frozenset(["abs", "float", "int", "len", "max", "min", "str"])
# Facts about an array, and questions to a text.
ARRAY_FACTS = frozenset(["COLUMN_NAMES", "DATA", "DATA_TYPE", "EXTENSION", "KIND", "SHAPE"])
# Functions whose value is a number, if it is not an error.
NUMBER_FUNCTIONS = frozenset(["abs", "float", "int", "len", "ndim"])
TEXT_METHODS = frozenset(["endswith", "lower", "startswith", "upper"])

_HARMLESS = (
    ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.Compare, ast.Eq, ast.NotEq,
    ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn, ast.Is, ast.IsNot, ast.List, ast.Tuple,
    ast.Load, ast.Name, ast.Constant, ast.Call, ast.Attribute, ast.BinOp, ast.Add, ast.Sub,
    ast.Mult, ast.Div, ast.Mod, ast.Subscript, ast.IfExp,
)  # fmt: skip


def fault_of(text: str) -> str:
    """Return the fault of a condition, empty if it has none.

    Examples
    --------
    >>> fault_of("(DETECTOR in ['A', 'B'] and ndim(SCI_ARRAY, 2))")
    ''
    >>> fault_of("(open('/etc/passwd'))")
    'open is not a function that a condition may call; these are abs, all_subarray and others'
    """
    if len(text) > LONGEST:
        return f"it has {len(text)} characters; at most {LONGEST} are read"
    if not (text.startswith("(") and text.endswith(")")):
        return "a condition stands in parentheses"
    if '"' in text or "\\" in text:
        # The constraint files of the client put it in double quotes, and a backslash there continues a line.
        return "write texts in single quotes, without backslashes"
    try:
        tree = ast.parse(one_line(text), mode="eval").body
    except (SyntaxError, RecursionError, MemoryError, ValueError) as exc:
        return f"{getattr(exc, 'msg', None) or exc}"
    return _fault(tree, DEEPEST)


def one_line(text: str) -> str:
    """Return a condition as the client reads it: in one line, with single blanks."""
    return " ".join(text.split())


def names_in(text: str) -> list[str]:
    """Return the names a condition without fault looks up, other than functions."""
    tree = ast.parse(text, mode="eval")
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called]
    return list(dict.fromkeys(names))


def _fault(node: ast.AST, depth: int) -> str:
    if depth == 0:
        return f"it has more than {DEEPEST} levels"
    if not isinstance(node, _HARMLESS):
        return f"{type(node).__name__} is not allowed in a condition"
    if isinstance(node, ast.Call):
        fault = _fault_of_call(node)
    elif isinstance(node, ast.Attribute):
        fault = _refuse(node.attr, ARRAY_FACTS, "fact about an array")
    elif isinstance(node, ast.Name):
        fault = f"{node.id} has two underscores" if "__" in node.id else ""
    elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Mod)):
        # With a text or a list they would make huge ones.
        is_safe = _is_number(node.left, depth) and _is_number(node.right, depth)
        fault = "" if is_safe else "* and % need a number on each side: write float(KEY) or int(KEY)"
    else:
        fault = ""
    if fault:
        return fault
    children = node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
    return next(filter(None, (_fault(child, depth - 1) for child in children)), "")


def _fault_of_call(node: ast.Call) -> str:
    if node.keywords:
        return "functions take no named arguments in a condition"
    if isinstance(node.func, ast.Name):
        return _refuse(node.func.id, HELPERS | BUILT_IN, "function that a condition may call")
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
        return _refuse(node.func.attr, TEXT_METHODS, "method that a condition may call")
    return "only functions and methods of keywords may be called"


def _refuse(name: str, known: Collection[str], what: str) -> str:
    first = ", ".join(sorted(known)[:2])
    return "" if name in known else f"{name} is not a {what}; these are {first} and others"


def _is_number(node: ast.AST, depth: int) -> bool:
    """Return whether a part is surely a number, whatever the keywords are."""
    if depth == 0:
        return False
    if isinstance(node, ast.Constant):
        return isinstance(node.value, (int, float))
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in NUMBER_FUNCTIONS
    if isinstance(node, ast.UnaryOp):
        return _is_number(node.operand, depth - 1)
    if isinstance(node, ast.BinOp):
        return _is_number(node.left, depth - 1) and _is_number(node.right, depth - 1)
    return False
