"""One index over columns of one table."""

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from apps.core.text_indexes import postgresql, sqlite
from apps.core.text_indexes.sql import IndexedColumns

logger = logging.getLogger(__name__)

FEW = 2000  # rows; more are found sooner by reading the table from its newest row on
CHECKED = 100  # rows at each end of a table that are looked for in its index

_LETTERS = re.compile(r"[^\W_]{3}")  # A shorter text has no trigram.


@dataclass(frozen=True, slots=True)
class TextIndex:
    """An index over text columns of a model.

    Attributes
    ----------
    name
        Name in the database.
    columns
        Names of the fields. None of them is NULL.
    """

    name: str
    model: type[Model]
    columns: tuple[str, ...]

    @property
    def _definition(self) -> IndexedColumns:
        return IndexedColumns(self.name, self.model._meta.db_table, self.columns)

    def narrowed(self, rows: QuerySet[Any], words: Sequence[str]) -> QuerySet[Any]:
        """Return `rows` without those that cannot contain all words, if the index finds only few rows."""
        found = self.few(words)
        return rows if found is None else rows.filter(pk__in=found)

    def owned(self, rows: QuerySet[Any], words: Sequence[str], *, owner: str, by: str = "pk") -> Q:
        """Return the condition that something owns one of `rows`, which all words narrow.

        If the index finds many rows, each owner is asked for its own ones. A page shows the newest owners,
        and finds enough of them soon.

        Parameters
        ----------
        owner
            The field of `rows` that names their owner.
        by
            The field of `rows` that names a row of the index's table.
        """
        found = self.few(words)
        if found is None:
            return Q(Exists(rows.filter(**{owner: OuterRef("pk")})))
        return Q(pk__in=rows.filter(**{f"{by}__in": found}).values(owner))

    def few(self, words: Sequence[str]) -> list[int] | None:
        """Return the keys of all rows that can contain all words, in any case and in any column.

        Returns
        -------
        At most `FEW` keys, unordered; None if there are more, if the words are too short, or if the database
        has no index.
        """
        known = [word for word in words if _LETTERS.search(word)]
        if not known or not _is_there(self):
            return None
        found = _way().find(self._definition, known, FEW + 1)
        return found if len(found) <= FEW else None

    def keep(self) -> str:
        """Make the index if it is missing or out of date.

        Returns
        -------
        The reason why it cannot be made; empty if all is well.
        """
        way = _way()
        try:
            if not way.is_current(self._definition):
                with transaction.atomic():
                    way.make(self._definition)
                logger.info("the text index %s was made", self.name)
        except DatabaseError as exc:
            return f"The text index {self.name} cannot be made, so searches in texts are slow: {exc}".strip()
        _is_there.cache_clear()
        return ""

    def faults(self) -> Iterator[str]:
        """Yield a sentence if the index is missing, and one for each row among some that it does not find."""
        if not _way().is_current(self._definition):
            yield f"The text index {self.name} is missing or out of date. Run: manage.py migrate"
            return
        rows = self.model._default_manager.order_by("pk").values_list("pk", *self.columns)
        for key, *texts in {*rows[:CHECKED], *rows.reverse()[:CHECKED]}:
            words = " ".join(texts).split()
            found = self.few(words)
            if found is not None and key not in found:
                yield f"The text index {self.name} does not find row {key}."


def _way() -> Any:
    return postgresql if connection.vendor == "postgresql" else sqlite


@cache
def _is_there(index: TextIndex) -> bool:
    return bool(_way().is_current(index._definition))
