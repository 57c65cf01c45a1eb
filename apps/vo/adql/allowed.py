"""The first defence: a query holds nothing but the parts of ADQL that are listed here.

The parser accepts far more than ADQL. What is not listed is refused, so a new version of the parser that
knows more SQL cannot open anything.
"""

from __future__ import annotations

from sqlglot import exp

from apps.vo.adql.dialect import place_of
from apps.vo.adql.suggestions import suggestion
from apps.vo.errors import UsageError

_OPERATORS = (
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.DPipe, exp.And, exp.Or, exp.Not, exp.Paren, exp.EQ,
    exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In, exp.Is, exp.Like, exp.ILike, exp.Escape,
    exp.Exists, exp.Null, exp.Literal, exp.Identifier, exp.Star, exp.Column, exp.Alias, exp.TableAlias,
    exp.Case, exp.If, exp.Tuple, exp.DataType, exp.DataTypeParam, exp.Boolean, exp.Dot,
)  # fmt: skip

# ADQL name of each function to the class of the parser and the numbers of arguments that it takes.
FUNCTIONS: dict[str, tuple[type[exp.Expr], tuple[int, ...]]] = {
    "COUNT": (exp.Count, (1,)),
    "SUM": (exp.Sum, (1,)),
    "AVG": (exp.Avg, (1,)),
    "MIN": (exp.Min, (1,)),
    "MAX": (exp.Max, (1,)),
    "ABS": (exp.Abs, (1,)),
    "CEILING": (exp.Ceil, (1,)),
    "DEGREES": (exp.Degrees, (1,)),
    "EXP": (exp.Exp, (1,)),
    "FLOOR": (exp.Floor, (1,)),
    "LOG": (exp.Ln, (1,)),
    "LOG10": (exp.Log, (2,)),
    "MOD": (exp.Mod, (2,)),
    "PI": (exp.Pi, (0,)),
    "POWER": (exp.Pow, (2,)),
    "RADIANS": (exp.Radians, (1,)),
    "RAND": (exp.Rand, (0, 1)),
    "ROUND": (exp.Round, (1, 2)),
    "SQRT": (exp.Sqrt, (1,)),
    "TRUNCATE": (exp.Trunc, (1, 2)),
    "ACOS": (exp.Acos, (1,)),
    "ASIN": (exp.Asin, (1,)),
    "ATAN": (exp.Atan, (1,)),
    "ATAN2": (exp.Atan2, (2,)),
    "COS": (exp.Cos, (1,)),
    "COT": (exp.Cot, (1,)),
    "SIN": (exp.Sin, (1,)),
    "TAN": (exp.Tan, (1,)),
    "LOWER": (exp.Lower, (1,)),
    "UPPER": (exp.Upper, (1,)),
    "COALESCE": (exp.Coalesce, ()),
    "CAST": (exp.Cast, ()),
}
_NAME_OF = {each: name for name, (each, _numbers) in FUNCTIONS.items()}
_CAST_TYPES = {
    exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT, exp.DType.FLOAT, exp.DType.DOUBLE, exp.DType.CHAR,
    exp.DType.VARCHAR, exp.DType.TEXT, exp.DType.DECIMAL,
}  # fmt: skip

# The parts of a node that may be filled; other nodes may have any, since all their parts are checked too.
_PARTS: dict[type[exp.Expr], frozenset[str]] = {
    exp.Select: frozenset(
        {"with_", "distinct", "expressions", "from_", "joins", "where", "group", "having", "order", "limit",
         "offset", "operation_modifiers", "kind"}
    ),
    exp.Union: frozenset({"with_", "this", "expression", "distinct", "order", "limit", "offset"}),
    exp.Except: frozenset({"with_", "this", "expression", "distinct", "order", "limit", "offset"}),
    exp.Intersect: frozenset({"with_", "this", "expression", "distinct", "order", "limit", "offset"}),
    exp.Subquery: frozenset({"this", "alias", "order", "limit", "offset", "with_"}),
    exp.Table: frozenset({"this", "db", "alias"}),
    exp.From: frozenset({"this"}),
    exp.Join: frozenset({"this", "side", "kind", "on", "using", "method"}),
    exp.Where: frozenset({"this"}),
    exp.Group: frozenset({"expressions"}),
    exp.Having: frozenset({"this"}),
    exp.Order: frozenset({"expressions"}),
    exp.Ordered: frozenset({"this", "desc", "nulls_first"}),
    exp.Limit: frozenset({"expression"}),
    exp.Offset: frozenset({"expression"}),
    exp.Distinct: frozenset({"expressions"}),
    exp.With: frozenset({"expressions"}),
    exp.CTE: frozenset({"this", "alias"}),
    exp.Column: frozenset({"this", "table", "db"}),
    exp.Star: frozenset(),
    exp.TableAlias: frozenset({"this", "columns"}),
    exp.Cast: frozenset({"this", "to"}),
    exp.DataType: frozenset({"this", "expressions", "nested"}),
    exp.In: frozenset({"this", "expressions", "query"}),
    exp.Count: frozenset({"this", "big_int"}),
}  # fmt: skip
_ALLOWED = {*_OPERATORS, *_PARTS, *_NAME_OF}
_QUERIES = (exp.Select, exp.Union, exp.Except, exp.Intersect)
_JOIN_WORDS = {"", "INNER", "OUTER", "CROSS", "LEFT", "RIGHT", "FULL", "NATURAL"}


def require_adql(tree: exp.Expr) -> None:
    """Refuse a tree that holds anything but ADQL.

    Raises
    ------
    UsageError
        Raised for another kind of statement, an unknown function or a part that ADQL does not have.
    """
    root = tree
    while isinstance(root, exp.Subquery):
        root = root.this
    if not isinstance(root, _QUERIES):
        raise UsageError(f"Only a SELECT can be run here, not {_words(root)}.")
    for node in tree.walk():
        _require_listed(node)
        _require_parts(node)
        _require_form(node)


def _require_listed(node: exp.Expr) -> None:
    if type(node) in _ALLOWED:
        return
    if isinstance(node, (exp.Anonymous, exp.AnonymousAggFunc)):
        near = suggestion(str(node.this).upper(), FUNCTIONS)
        raise UsageError(f"There is no function {str(node.this)[:60]!r}{place_of(node)}{near}")
    if isinstance(node, exp.Func):
        name = node.sql_name()
        raise UsageError(f"There is no function {name!r}{place_of(node)}{suggestion(name, FUNCTIONS)}")
    raise UsageError(f"{_words(node)} is not part of ADQL{place_of(node)}.")


def _require_parts(node: exp.Expr) -> None:
    permitted = _PARTS.get(type(node))
    if permitted is None:
        return
    for name, value in node.args.items():
        if value and name not in permitted:
            what = name.strip("_").replace("_", " ").upper()
            raise UsageError(f"{what} in {_words(node)} is not part of ADQL{place_of(node)}.")


def _require_form(node: exp.Expr) -> None:
    """Refuse parts whose form the parser leaves open."""
    if isinstance(node, exp.Select) and (node.args.get("kind") or node.args.get("operation_modifiers")):
        raise UsageError("SELECT takes no words but DISTINCT, ALL and TOP.")
    if isinstance(node, exp.Table) and not isinstance(node.this, exp.Identifier):
        raise UsageError(f"A table must be named, not computed{place_of(node)}.")
    if isinstance(node, exp.Distinct) and node.expressions and not isinstance(node.parent, exp.Count):
        raise UsageError("DISTINCT ON is not part of ADQL.")
    if isinstance(node, exp.Join):
        words = {str(node.args.get(part) or "").upper() for part in ("side", "kind", "method")}
        if words - _JOIN_WORDS:
            raise UsageError(
                f"A {' '.join(sorted(words - _JOIN_WORDS))} JOIN is not part of ADQL{place_of(node)}."
            )
    if isinstance(node, (exp.Limit, exp.Offset)) and not _is_count(node.expression):
        raise UsageError("TOP, LIMIT and OFFSET take a whole number.")
    if isinstance(node, exp.Cast) and node.to.this not in _CAST_TYPES:
        raise UsageError(f"CAST to {str(node.to)[:60]} is not offered{place_of(node)}.")
    if isinstance(node, exp.Log) and node.this != exp.Literal.number(10):
        raise UsageError(f"LOG takes one number{place_of(node)}.")
    if type(node) in _NAME_OF:
        _require_arguments(node)


def _is_count(node: exp.Expr | None) -> bool:
    return (
        isinstance(node, exp.Literal) and not node.is_string and node.name.isdigit() and len(node.name) < 19
    )


def _require_arguments(node: exp.Expr) -> None:
    name = _NAME_OF[type(node)]
    numbers = FUNCTIONS[name][1]
    if not numbers or isinstance(node, exp.Mod):
        return
    given = sum(1 for part in node.iter_expressions() if part is not None)
    if given not in numbers:
        wanted = " or ".join(map(str, numbers))
        raise UsageError(f"{name} takes {wanted} arguments, not {given}{place_of(node)}.")


def _words(node: exp.Expr) -> str:
    """Return the kind of a node as people write it."""
    if isinstance(node, exp.Command):
        return str(node.this)[:40].upper()
    return str(getattr(node, "key", type(node).__name__)).upper()
