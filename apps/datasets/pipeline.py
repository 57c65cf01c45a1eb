"""The work of a worker: sort exposures into modes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db import connection, transaction
from django.db.models import Q

from apps.datasets.models import Dataset
from apps.datasets.modes import Modes

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
    if book is None:
        return
    unsorted = Dataset.objects.filter(Q(mode=None) | ~Q(mode__parkeys=book.parkeys), instrument=instrument)
    done = last = 0
    while True:
        rows = list(
            unsorted.filter(pk__gt=last).order_by("pk").values_list("pk", "header", "observed_at")[:AT_ONCE]
        )
        if not rows:
            return
        with transaction.atomic():
            keys = book.keys((header, observed_at) for _pk, header, observed_at in rows)
            _assign([(key, row[0]) for key, row in zip(keys, rows, strict=True)])
        last = rows[-1][0]
        done += len(rows)
        yield done


def _assign(pairs: Sequence[tuple[int, int]]) -> None:
    """Write the modes of exposures, given as pairs of mode and exposure."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_ASSIGN_ALL, [[mode for mode, _ in pairs], [pk for _, pk in pairs]])
        else:
            cursor.executemany(_ASSIGN, pairs)
