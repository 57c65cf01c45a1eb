"""The work of a worker: sort exposures into modes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from apps.datasets.archive import Header
from apps.datasets.models import Dataset
from apps.datasets.modes import Modes
from apps.datasets.queries import has_unsorted

AT_ONCE = 2000  # exposures of one transaction

_TABLE = Dataset._meta.db_table
# Names belong to the model; values are passed as parameters.
_ASSIGN = f"UPDATE {_TABLE} SET mode_id = %s WHERE id = %s"  # noqa: S608
_ASSIGN_ALL = (
    f"UPDATE {_TABLE} SET mode_id = given.mode"  # noqa: S608
    " FROM unnest(%s::bigint[], %s::bigint[]) AS given(mode, id)"
    f" WHERE {_TABLE}.id = given.id"
)


def sort_into_modes(instrument: str) -> Iterator[int]:
    """Give each exposure of an instrument its mode. After each batch, yield the number sorted so far.

    Exposures that have a mode of the newest parkeys are passed over, so the work may start again after its
    worker died. Do nothing if the parkeys of the instrument are not known.
    """
    modes = Modes()
    book = modes.book(instrument)
    if book is None or not has_unsorted(instrument):
        return
    unsorted = Dataset.objects.filter(Q(mode=None) | ~Q(mode__parkeys=book.parkeys), instrument=instrument)
    done = last = 0
    while True:
        with transaction.atomic():
            rows = _locked(unsorted.filter(pk__gt=last))
            keys = book.keys((header, observed_at) for _pk, header, observed_at in rows)
            _assign([(key, row[0]) for key, row in zip(keys, rows, strict=True)])
        if not rows:
            return
        last = max(pk for pk, _header, _observed_at in rows)
        done += len(rows)
        yield done


def _locked(unsorted: QuerySet[Dataset]) -> list[tuple[int, Header, datetime | None]]:
    """Return key, header and start of the next exposures by key, in the order of ids.

    They are locked first and read then: otherwise an import could change a header after it was read, and the
    exposure would get the mode of the old header permanently. An import locks them in the same order.
    """
    keys = list(unsorted.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    rows = Dataset.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("product", "exposure")
    return list(rows.values_list("pk", "header", "observed_at"))


def _assign(pairs: Sequence[tuple[int, int]]) -> None:
    """Write the modes of exposures, given as pairs of mode and exposure."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_ASSIGN_ALL, [[mode for mode, _ in pairs], [pk for _, pk in pairs]])
        else:
            cursor.executemany(_ASSIGN, pairs)
