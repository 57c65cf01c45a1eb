"""The columns of an answer: name, type and description, taken from the published column that each shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, build_scope

from apps.vo.adql.resolve import find_table
from apps.vo.tables.columns import FieldFacts, PublishedColumn, PublishedTable, ValueKind


@dataclass(frozen=True)
class ResultColumn:
    """One column of an answer.

    Attributes
    ----------
    origin
        The published table and column that it shows unchanged; None for an expression.
    """

    name: str
    facts: FieldFacts
    origin: tuple[PublishedTable, PublishedColumn] | None = None


_WHOLE = (ValueKind.SHORT, ValueKind.INT, ValueKind.LONG)
_CAST_KINDS = {
    exp.DType.SMALLINT: ValueKind.SHORT,
    exp.DType.INT: ValueKind.INT,
    exp.DType.BIGINT: ValueKind.LONG,
    exp.DType.FLOAT: ValueKind.DOUBLE,
    exp.DType.DOUBLE: ValueKind.DOUBLE,
    exp.DType.DECIMAL: ValueKind.DOUBLE,
}
_TRUTHS = (exp.Predicate, exp.Not, exp.And, exp.Or, exp.Boolean)


def result_columns(resolved: exp.Expr) -> list[ResultColumn]:
    """Return the columns of a resolved query, in its order, with unique names."""
    scope = build_scope(resolved)
    if scope is None:
        return []
    found = _columns(scope)
    taken: set[str] = set()
    return [replace(column, name=_unique(column.name, taken)) for column in found]


def _unique(name: str, taken: set[str]) -> str:
    """Return a name that no earlier column has, in any case."""
    shown = name.removeprefix("_") if name.startswith("_col_") else name
    number, free = 1, shown
    while free.lower() in taken:
        number += 1
        free = f"{shown}_{number}"
    taken.add(free.lower())
    return free


def _columns(scope: Scope) -> list[ResultColumn]:
    query = scope.expression
    if isinstance(query, exp.SetOperation):
        sides = [_columns(side) for side in scope.set_operation_scopes]
        return [_joined(*pair) for pair in zip(*sides, strict=False)]
    while isinstance(query, exp.Subquery):
        query = query.this
    return (
        [_column(projection, scope) for projection in query.selects] if isinstance(query, exp.Query) else []
    )


def _joined(first: ResultColumn, second: ResultColumn) -> ResultColumn:
    """Return a column of a set operation, which has the wider type of both."""
    if first.facts.kind is second.facts.kind:
        return first
    kind = _wider((first.facts.kind, second.facts.kind))
    return ResultColumn(first.name, replace(first.facts, kind=kind))


def _wider(kinds: Sequence[ValueKind]) -> ValueKind:
    order = (
        ValueKind.SHORT,
        ValueKind.INT,
        ValueKind.LONG,
        ValueKind.DOUBLE,
        ValueKind.TIMESTAMP,
        ValueKind.TEXT,
        ValueKind.UNICODE,
    )
    plain = [ValueKind.TEXT if kind is ValueKind.JSON else kind for kind in kinds]
    if len(set(plain)) > 1:
        plain = [ValueKind.TEXT if kind is ValueKind.TIMESTAMP else kind for kind in plain]
    return max(plain, key=order.index, default=ValueKind.TEXT)


def _column(projection: exp.Expr, scope: Scope) -> ResultColumn:
    value = projection.this if isinstance(projection, exp.Alias) else projection
    while isinstance(value, exp.Paren):
        value = value.this
    if isinstance(value, exp.Column) and (origin := _origin(value, scope)):
        return replace(origin, name=projection.alias_or_name)
    return ResultColumn(projection.alias_or_name, FieldFacts(_kind(value, scope)))


def _origin(column: exp.Column, scope: Scope | None) -> ResultColumn | None:
    """Return the description of the column that a name means, through subqueries and outer queries."""
    while scope is not None and column.table not in scope.sources:
        scope = scope.parent
    source = scope.sources[column.table] if scope else None
    if isinstance(source, exp.Table) and (table := find_table(source)):
        published = table.by_name.get(column.name)
        return ResultColumn(column.name, published.facts, (table, published)) if published else None
    if isinstance(source, Scope):
        return next((each for each in _columns(source) if each.name == column.name), None)
    return None


def _kind(node: exp.Expr, scope: Scope) -> ValueKind:
    """Return the kind of values of an expression."""
    if isinstance(node, exp.Column):
        origin = _origin(node, scope)
        return origin.facts.kind if origin else ValueKind.TEXT
    if isinstance(node, exp.Literal):
        return _literal_kind(node)
    if isinstance(node, exp.Cast):
        return _CAST_KINDS.get(
            node.to.this, ValueKind.UNICODE if _has_unicode(node, scope) else ValueKind.TEXT
        )
    if isinstance(node, exp.Count):
        return ValueKind.LONG
    if isinstance(node, (exp.Paren, exp.Neg, exp.Min, exp.Max, exp.Abs)):
        return _kind(node.this, scope)
    if isinstance(node, exp.Sum):
        return ValueKind.LONG if _kind(node.this, scope) in _WHOLE else ValueKind.DOUBLE
    if isinstance(node, (exp.DPipe, exp.Lower, exp.Upper)):
        return ValueKind.UNICODE if _has_unicode(node, scope) else ValueKind.TEXT
    if isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)):
        return _number_kind([_kind(node.this, scope), _kind(node.expression, scope)])
    if isinstance(node, exp.Subquery):
        return _subquery_kind(node, scope)
    if isinstance(node, (exp.Case, exp.Coalesce)):
        return _wider([_kind(each, scope) for each in _branches(node)])
    if isinstance(node, _TRUTHS):
        return ValueKind.SHORT
    return ValueKind.TEXT if isinstance(node, exp.Null) else ValueKind.DOUBLE


def _subquery_kind(node: exp.Subquery, scope: Scope) -> ValueKind:
    for inner in scope.subquery_scopes:
        if inner.expression is node.this or inner.expression is node:
            found = _columns(inner)
            return found[0].facts.kind if found else ValueKind.TEXT
    return ValueKind.TEXT


def _branches(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.Coalesce):
        branches = [node.this, *node.expressions]
    else:
        branches = [each.args["true"] for each in node.args["ifs"]]
        branches += [node.args["default"]] if node.args.get("default") else []
    return [each for each in branches if not isinstance(each, exp.Null)]


def _literal_kind(node: exp.Literal) -> ValueKind:
    if node.is_string:
        return ValueKind.TEXT if node.name.isascii() else ValueKind.UNICODE
    if not node.name.isdigit():
        return ValueKind.DOUBLE
    return ValueKind.INT if int(node.name) < 1 << 31 else ValueKind.LONG


def _number_kind(kinds: Sequence[ValueKind]) -> ValueKind:
    return ValueKind.LONG if all(kind in _WHOLE for kind in kinds) else ValueKind.DOUBLE


def _has_unicode(node: exp.Expr, scope: Scope) -> bool:
    columns = (_origin(column, scope) for column in node.find_all(exp.Column))
    if any(column and column.facts.kind is ValueKind.UNICODE for column in columns):
        return True
    return any(not literal.name.isascii() for literal in node.find_all(exp.Literal))
