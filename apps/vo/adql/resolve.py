"""The second defence: every table is a published one, and every column belongs to its table.

An unknown name is an error message of ours, not of the database. The resolved tree holds no name that was
not looked up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope
from sqlglot.schema import MappingSchema

from apps.vo.adql.dialect import Adql, place_of
from apps.vo.adql.suggestions import suggestion
from apps.vo.errors import UsageError
from apps.vo.tables.columns import PublishedTable
from apps.vo.tables.tap_schema import tables_by_name


def resolve(tree: exp.Expr) -> exp.Expr:
    """Return a query with `*` replaced by columns, and each column with its table.

    Raises
    ------
    UsageError
        Raised for an unknown table or column, a column that several tables have, or a name used twice.
    """
    tree = tree.copy()
    for scope in traverse_scope(tree):
        _require_tables(scope)
    try:
        resolved = qualify(
            tree, schema=_schema(), dialect=Adql, validate_qualify_columns=False, identify=True
        )
    except (SqlglotError, RecursionError) as exc:
        raise UsageError(_message(exc)) from None
    for scope in traverse_scope(resolved):
        _require_columns(scope)
    return resolved


def find_table(node: exp.Table) -> PublishedTable | None:
    """Return the published table that a node names, or None."""
    return tables_by_name().get((_folded(node.args.get("db")), _folded(node.this)))


def _folded(name: exp.Expr | None) -> str:
    if name is None:
        return ""
    return name.name if name.args.get("quoted") else name.name.lower()


_MEMO: list[MappingSchema] = []


def _schema() -> MappingSchema:
    if not _MEMO:
        found: dict[str, Any] = {}
        for table in tables_by_name().values():
            columns = {column.name: "TEXT" for column in table.columns}
            found.setdefault(table.schema, {})[table.name] = columns
        _MEMO.append(MappingSchema(found, dialect=Adql))
    return _MEMO[0]


def _require_tables(scope: Scope) -> None:
    for table in scope.tables:
        if not table.args.get("db") and _folded(table.this) in {name.lower() for name in scope.cte_sources}:
            continue
        if find_table(table) is None:
            _refuse_table(table)


def _refuse_table(node: exp.Table) -> None:
    name = ".".join(filter(None, (_folded(node.args.get("db")), _folded(node.this))))
    known = {f"{schema}.{table}": (schema, table) for schema, table in tables_by_name()}
    bare = [whole for whole, (_schema_name, table) in known.items() if table == name]
    near = f"; did you mean {' or '.join(bare)}?" if bare else suggestion(name, known)
    raise UsageError(f"There is no table {name[:100]!r}{place_of(node)}{near}")


def _require_columns(scope: Scope) -> None:
    outputs = _outputs(scope.expression)
    for column in scope.columns:
        if not column.table:
            if _orders_answer(column, scope) and column.name in outputs:
                continue
            _refuse_column(column, _known(scope))
        source = _source(scope, column.table)
        if source is None:
            raise UsageError(f"There is no table {column.table[:100]!r} here{place_of(column)}.")
        if column.name not in source:
            _refuse_column(column, source)


def _orders_answer(column: exp.Column, scope: Scope) -> bool:
    """Return whether a column stands in the ORDER BY of a query, which may name its results."""
    order = column.find_ancestor(exp.Order)
    return order is not None and order.parent is scope.expression


def _refuse_column(column: exp.Column, known: Iterable[str]) -> None:
    name = f"{column.table}.{column.name}" if column.table else column.name
    raise UsageError(f"There is no column {name[:100]!r}{place_of(column)}{suggestion(column.name, known)}")


def _source(scope: Scope | None, alias: str) -> set[str] | None:
    """Return the names of the columns of a source, also of an outer query; None if there is none."""
    while scope is not None:
        if alias in scope.sources:
            return names_of(scope.sources[alias])
        scope = scope.parent
    return None


def names_of(source: exp.Expr | Scope) -> set[str]:
    """Return the names of the columns of a table or subquery."""
    if isinstance(source, Scope):
        return _outputs(source.expression, source)
    table = find_table(source) if isinstance(source, exp.Table) else None
    return set(table.by_name) if table else set()


def _outputs(query: exp.Expr, scope: Scope | None = None) -> set[str]:
    return set(getattr(query, "named_selects", ()) or ())


def _known(scope: Scope) -> set[str]:
    return {name for source in scope.sources.values() for name in names_of(source)}


def _message(error: BaseException) -> str:
    text = (str(error) or "it is nested too deeply").splitlines()[0]
    return f"The names in the query cannot be resolved: {text[:200]}"


def by_alias(scope: Scope) -> Mapping[str, exp.Expr | Scope]:
    """Return the sources of a query by their names in it."""
    return dict(scope.sources)
