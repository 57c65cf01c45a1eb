"""A resolved query in the SQL of a database, with published tables replaced by the queries that make them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import Template

from sqlglot import exp
from sqlglot.errors import ErrorLevel, UnsupportedError

from apps.vo.adql.allowed import require_adql
from apps.vo.adql.dialect import parse
from apps.vo.adql.joined_texts import require_few_texts
from apps.vo.adql.resolve import find_table, resolve
from apps.vo.adql.result_columns import ResultColumn, result_columns
from apps.vo.errors import UsageError

_DIALECTS = {"sqlite": "sqlite", "postgresql": "postgres"}
# Functions that SQLite has not, or has with other results. `database/sqlite_functions.py` registers them.
_REGISTERED: dict[type[exp.Expr], str] = {
    exp.Ceil: "adql_ceiling",
    exp.Degrees: "adql_degrees",
    exp.Exp: "adql_exp",
    exp.Floor: "adql_floor",
    exp.Ln: "adql_log",
    exp.Pi: "adql_pi",
    exp.Pow: "adql_power",
    exp.Radians: "adql_radians",
    exp.Round: "adql_round",
    exp.Sqrt: "adql_sqrt",
    exp.Trunc: "adql_truncate",
    exp.Acos: "adql_acos",
    exp.Asin: "adql_asin",
    exp.Atan: "adql_atan",
    exp.Atan2: "adql_atan2",
    exp.Cos: "adql_cos",
    exp.Cot: "adql_cot",
    exp.Sin: "adql_sin",
    exp.Tan: "adql_tan",
}
_NATIVE: dict[type[exp.Expr], str] = {
    exp.Ceil: "ceil", exp.Degrees: "degrees", exp.Exp: "exp", exp.Floor: "floor", exp.Ln: "ln", exp.Pi: "pi",
    exp.Pow: "power", exp.Radians: "radians", exp.Sqrt: "sqrt", exp.Acos: "acos", exp.Asin: "asin",
    exp.Atan: "atan", exp.Atan2: "atan2", exp.Cos: "cos", exp.Cot: "cot", exp.Sin: "sin", exp.Tan: "tan",
}  # fmt: skip


@dataclass(frozen=True)
class Statement:
    """A query ready to run: its SQL, which stops by itself after `limit` rows, and its columns."""

    sql: str
    columns: tuple[ResultColumn, ...]
    limit: int


def translate(text: str, *, vendor: str, facts: Mapping[str, str], limit: int) -> Statement:
    """Return the statement of an ADQL query.

    Parameters
    ----------
    vendor
        ``sqlite`` or ``postgresql``.
    facts
        SQL literals for the ``$name`` of published tables.
    limit
        The most rows that the statement returns.

    Raises
    ------
    UsageError
        Raised if the query is not ADQL, names what is not published, or joins too many texts.
    """
    tree = parse(text)
    require_adql(tree)
    resolved = resolve(tree)
    require_few_texts(resolved)
    columns = tuple(result_columns(resolved))
    limited = _limited(resolved, limit)
    return Statement(_write(limited, vendor, facts), columns, limit)


def _limited(query: exp.Expr, limit: int) -> exp.Expr:
    """Return a query that stops after `limit` rows, or earlier if it says so itself."""
    own = query.args.get("limit")
    rows = min(limit, int(own.expression.name)) if own is not None else limit
    return query.limit(rows, copy=True)  # type: ignore[attr-defined]


def _write(query: exp.Expr, vendor: str, facts: Mapping[str, str]) -> str:
    prepared = _rewritten(query.copy(), _WRITERS[vendor])
    for table in list(prepared.find_all(exp.Table)):
        if published := find_table(table):
            text = Template(published.select(vendor)).substitute(facts)
            table.replace(exp.Subquery(this=exp.Var(this=text), alias=table.args.get("alias")))
    _drop_comments(prepared)
    try:
        return prepared.sql(dialect=_DIALECTS[vendor], unsupported_level=ErrorLevel.RAISE, comments=False)
    except (UnsupportedError, RecursionError) as exc:
        raise UsageError(f"The query cannot be run here: {str(exc)[:200]}") from None


def _rewritten(tree: exp.Expr, writer: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """Return a tree with nodes replaced, the inner ones first."""
    for node in reversed(list(tree.walk(bfs=True))):
        parent = node.parent
        other = writer(node)
        if other is not node and parent is not None:
            node.parent = parent
            node.replace(other)
    return tree


def _drop_comments(tree: exp.Expr) -> None:
    for node in tree.walk():
        node.comments = None


def _for_sqlite(node: exp.Expr) -> exp.Expr:
    name = _REGISTERED.get(type(node))
    if name is not None:
        return exp.Anonymous(this=name, expressions=_arguments(node))
    if isinstance(node, exp.Log):
        return exp.Anonymous(this="adql_log10", expressions=[node.expression])
    if isinstance(node, exp.Rand):
        return exp.Anonymous(this="adql_rand", expressions=[])
    if isinstance(node, exp.Cast):
        return _sqlite_cast(node)
    return node


def _sqlite_cast(node: exp.Cast) -> exp.Expr:
    if node.to.this in (exp.DType.CHAR, exp.DType.VARCHAR) and node.to.expressions:
        length = node.to.expressions[0].this
        text = exp.Cast(this=node.this, to=exp.DataType.build("TEXT"))
        return exp.Anonymous(this="substr", expressions=[text, exp.Literal.number(1), length])
    if node.to.this in (exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT):
        return exp.Cast(this=_rounded(node.this), to=exp.DataType.build("BIGINT"))
    if node.to.this is exp.DType.DECIMAL:
        return exp.Cast(this=node.this, to=exp.DataType.build("DOUBLE"))
    return node


def _rounded(value: exp.Expr) -> exp.Expr:
    """Return a number rounded as PostgreSQL does when it becomes a whole one."""
    return exp.Anonymous(this="adql_whole", expressions=[value])


def _for_postgresql(node: exp.Expr) -> exp.Expr:
    if type(node) in _NATIVE:
        return exp.Anonymous(
            this=_NATIVE[type(node)], expressions=[_double(each) for each in _arguments(node)]
        )
    if isinstance(node, exp.Log):
        return exp.Anonymous(this="log", expressions=[_double(node.expression)])
    if isinstance(node, (exp.Round, exp.Trunc)):
        return _decimals(node)
    if isinstance(node, exp.Rand):
        return exp.Anonymous(this="random", expressions=[])
    if isinstance(node, (exp.Lower, exp.Upper)):
        # SQLite changes the letters of ASCII only, and so does this collation.
        plain = exp.Collate(this=exp.Paren(this=node.this), expression=exp.to_identifier("C", quoted=True))
        return exp.Anonymous(this=node.key, expressions=[plain])
    if isinstance(node, exp.Avg):
        return _double(exp.Avg(this=node.this))
    if isinstance(node, (exp.Like, exp.ILike)) and not isinstance(node.parent, exp.Escape):
        return exp.Escape(this=node.copy(), expression=exp.Literal.string(""))
    return node


def _decimals(node: exp.Expr) -> exp.Expr:
    """Return ROUND or TRUNCATE; PostgreSQL counts decimals of exact numbers only."""
    name = "round" if isinstance(node, exp.Round) else "trunc"
    value, *decimals = _arguments(node)
    exact = exp.Cast(this=value, to=exp.DataType.build("DECIMAL", dialect="postgres"))
    return _double(exp.Anonymous(this=name, expressions=[exact, *decimals]))


def _double(value: exp.Expr) -> exp.Expr:
    return exp.Cast(this=value, to=exp.DataType.build("DOUBLE"))


def _arguments(node: exp.Expr) -> list[exp.Expr]:
    return [each for each in node.iter_expressions() if each is not None]


_WRITERS: dict[str, Callable[[exp.Expr], exp.Expr]] = {
    "sqlite": _for_sqlite,
    "postgresql": _for_postgresql,
}
