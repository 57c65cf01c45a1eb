"""A limit on texts that ``||`` joins: a few levels of subqueries would make a value of many megabytes.

A thousand such rows are in memory at once, and neither the clock nor the limit on rows ends a query before.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from apps.vo.errors import UsageError

MAX_TEXTS = 1000  # values of the catalog, or literals, in one row of a query or subquery
LITERAL = 100  # characters of a literal that count as one text


def require_few_texts(resolved: exp.Expr) -> None:
    """Refuse a query with rows that could hold more than `MAX_TEXTS` texts.

    Parameters
    ----------
    resolved
        As `resolve` returns it: each column has its table, and subqueries come before what uses them.

    Raises
    ------
    UsageError
        Raised with the number of texts.
    """
    counts: dict[int, list[int]] = {}
    for scope in traverse_scope(resolved):
        row = _row(scope, counts)
        counts[id(scope.expression)] = row
        if sum(row) > MAX_TEXTS:
            raise UsageError(
                f"A row of the query could hold {sum(row)} texts; at most {MAX_TEXTS} are sent. "
                "Ask for fewer columns, or join fewer texts with ||."
            )


def _row(scope: Scope, counts: dict[int, list[int]]) -> list[int]:
    """Return the number of texts in each column of a query."""
    query = scope.expression
    if isinstance(query, exp.SetOperation):
        sides = [counts[id(side.unnest())] for side in (query.left, query.right)]
        return [max(column) for column in zip(*sides, strict=False)]
    return [_texts(column, scope, counts) for column in query.selects]  # type: ignore[attr-defined]


def _texts(node: exp.Expr, scope: Scope, counts: dict[int, list[int]]) -> int:
    """Return the number of texts that the value of a part of a query may hold."""
    if isinstance(node, exp.Column):
        return _texts_of_column(node, scope, counts)
    if isinstance(node, exp.Literal):
        return 1 + len(node.name) // LITERAL
    if id(node) in counts:
        return max(counts[id(node)], default=1)
    parts = [_texts(part, scope, counts) for part in node.iter_expressions()]
    return sum(parts) if isinstance(node, exp.DPipe) else max(parts, default=1)


def _texts_of_column(column: exp.Column, scope: Scope, counts: dict[int, list[int]]) -> int:
    source = next(
        (each.sources[column.table] for each in _outwards(scope) if column.table in each.sources), None
    )
    if not isinstance(source, Scope):
        return 1
    row = counts.get(id(source.expression), [])
    by_name = dict(zip(_names(source.expression), row, strict=False))
    return by_name.get(column.name, max(row, default=1))


def _names(query: exp.Expr) -> list[str]:
    return list(query.named_selects)  # type: ignore[attr-defined]


def _outwards(scope: Scope | None) -> Iterator[Scope]:
    """Yield a query and those around it."""
    while scope is not None:
        yield scope
        scope = scope.parent
