"""A query from its text to the text of its answer. Synchronous queries and jobs share it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db import connection

from apps.vo.addresses import ClientOrigin
from apps.vo.adql.result_columns import ResultColumn
from apps.vo.adql.translate import Statement, translate
from apps.vo.database.reading import WAIT, open_query
from apps.vo.database.running_query import Clock, Cursor, Row
from apps.vo.identity.reader import Reader
from apps.vo.tables.facts import Facts
from apps.vo.tap.query_request import QueryRequest, writer_of
from apps.vo.tap.service_descriptor import links_descriptor
from apps.vo.writers import votable

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class QueryAnswer:
    """A query whose first rows are there: the chunks of its answer, and what ends it."""

    media_type: str
    chunks: Iterator[str]
    close: Callable[[], None]


def answer_query(
    request: QueryRequest, *, reader: Reader, base: ClientOrigin, clock: Clock, wait: float = WAIT
) -> QueryAnswer:
    """Start a query and return its answer.

    Raises
    ------
    VoError
        Raised if the query is wrong, or fails before its first row.
    """
    statement = translate(
        request.query, vendor=connection.vendor, facts=Facts(base, reader), limit=request.max_rows + 1
    )
    logger.info("query of %s, run %s: %s", reader.key, request.run_id, " ".join(request.query.split())[:500])
    cursor = open_query(statement.sql, clock, wait=wait)
    return QueryAnswer(request.format.media_type, _chunks(request, statement, cursor, base), cursor.close)


def _chunks(request: QueryRequest, statement: Statement, cursor: Cursor, base: ClientOrigin) -> Iterator[str]:
    rows = limited(cursor.batches(), request.max_rows)
    if request.format.kind != "votable":
        return writer_of(request.format.kind)(statement.columns, rows)
    infos = [("QUERY", " ".join(request.query.split())[:2000], "")]
    return votable.write(statement.columns, rows, infos=infos, after=_descriptor(statement.columns, base))


def _descriptor(columns: tuple[ResultColumn, ...], base: ClientOrigin) -> str:
    """Return the resource by which a client gets links of the rows; empty if no column names datasets."""
    ids = votable.ids_of([column.name for column in columns])
    for column, id in zip(columns, ids, strict=True):
        if column.origin is None:
            continue
        table, published = column.origin
        if (table.shown, published.name) in (("crds.datasets", "dataset_id"), ("dbo.raw", "dp_id")):
            return links_descriptor(base, ref=id)
    return ""


def limited(batches: Iterator[list[Row]], max_rows: int) -> Iterator[list[Row]]:
    """Yield at most `max_rows` rows.

    Raises
    ------
    Truncated
        Raised at the end if there were more, or none were asked for.
    """
    left = max_rows
    for batch in batches:
        if len(batch) > left:
            if left:
                yield batch[:left]
            raise votable.Truncated
        left -= len(batch)
        yield batch
    if max_rows == 0:
        raise votable.Truncated
