"""The datasets that use a reference under the contexts in use, found by modes and not one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from apps.bestrefs.errors import NoAnswersKeptError
from apps.bestrefs.models import BestReference, KeptDataset, ModeTimeline, PointedRules, TimelineStep
from apps.bestrefs.pipeline import has_unasked
from apps.contexts import queries as contexts
from apps.contexts.models import Pointer
from apps.datasets import queries as datasets
from apps.datasets.models import Dataset
from apps.datasets.modes import newest_parkeys
from apps.rules.errors import CrdsError

COUNTED = 10_000  # datasets that a page counts; a list counts all
_BLOCK = 2000  # rows fetched at once
_NOTHING_KEPT = "No answers were worked out yet."

# Names in these statements belong to models; values are passed as parameters.
_BY_MODE = f"""
SELECT d.product, d.exposure, d.observed_at
FROM {TimelineStep._meta.db_table} s
JOIN {ModeTimeline._meta.db_table} m ON m.timeline_id = s.timeline_id
JOIN {PointedRules._meta.db_table} p ON p.rules_id = m.rules_id
JOIN {Dataset._meta.db_table} d
  ON d.mode_id = m.mode_id AND d.observed_at >= s.begins_at AND d.observed_at < s.ends_at
WHERE s.reference = %s AND p.pointer = %s
"""  # noqa: S608
_BY_HEADER = f"""
SELECT d.product, d.exposure, d.observed_at
FROM {BestReference._meta.db_table} b
JOIN {KeptDataset._meta.db_table} k ON k.dataset_id = b.dataset_id
JOIN {Dataset._meta.db_table} d ON d.id = b.dataset_id AND d.imported_at = k.imported_at
WHERE b.reference = %s AND k.context = %s
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class ReferenceUse:
    """The number of datasets that use a reference under one context in use.

    Attributes
    ----------
    pointer
        ``latest`` or ``edit``.
    context
        The context whose answers are counted; empty if there are none yet.
    kept_at
        The moment at which these answers became complete; None if it is not known.
    count
        Number of datasets, at most `COUNTED` unless all were wanted.
    is_more
        Whether there are more datasets than `count`.
    gaps
        What the number leaves out, as sentences; empty if it is up to date.
    """

    pointer: str
    context: str
    kept_at: datetime | None
    count: int
    is_more: bool
    gaps: tuple[str, ...]


def uses_of(reference: str, instrument: str, *, at_most: int | None = COUNTED) -> list[ReferenceUse]:
    """Return the number of datasets that use a reference, for latest and for edit if it is another context.

    Parameters
    ----------
    instrument
        The instrument of the reference, lower case.
    at_most
        Stop counting there; None counts all.
    """
    latest, edit = (contexts.find_pointed(pointer) for pointer in (Pointer.LATEST, Pointer.EDIT))
    wanted = [(Pointer.LATEST, latest)] if latest else []
    if edit and edit != latest:
        wanted.append((Pointer.EDIT, edit))
    return [_use(reference, instrument, pointer, context, at_most) for pointer, context in wanted]


def _use(
    reference: str, instrument: str, pointer: Pointer, context: str, at_most: int | None
) -> ReferenceUse:
    # Edit is asked only if it is another context.
    kept, kept_at = _kept(pointer, asked_by_header=context if pointer == Pointer.LATEST else None)
    found = _count(reference, pointer, kept, at_most) if kept else 0
    count = found if at_most is None else min(found, at_most)
    return ReferenceUse(
        pointer.value,
        kept,
        kept_at,
        count,
        found > count,
        tuple(_gaps(pointer, context, instrument, kept)),
    )


def _count(reference: str, pointer: Pointer, kept: str, at_most: int | None) -> int:
    """Return the number of datasets that use a reference, or one more than `at_most`."""
    limit = "" if at_most is None else f" LIMIT {int(at_most) + 1}"
    sql, values = _statement(reference, pointer, kept)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM (SELECT 1 FROM ({sql}) found{limit}) counted", values)  # noqa: S608
        (found,) = cursor.fetchone()
    return int(found)


def _kept(pointer: Pointer, *, asked_by_header: str | None) -> tuple[str, datetime | None]:
    """Return the context whose answers are kept for a pointer, and the moment at which they became complete.

    The context is empty if no answers are kept.

    Parameters
    ----------
    asked_by_header
        The context of the pointer if datasets are asked by their header under it, because it is latest.
    """
    row = PointedRules.objects.filter(pointer=pointer).order_by("-kept_at").first()
    if row is not None:
        return row.context, row.kept_at
    # Rules whose types must all be asked header by header have no modes.
    if asked_by_header is None or not KeptDataset.objects.filter(context=asked_by_header).exists():
        return "", None
    last = BestReference.objects.filter(context=asked_by_header).order_by("-pk").first()
    return asked_by_header, last.computed_at if last else None


def _statement(reference: str, pointer: Pointer, kept: str) -> tuple[str, list[Any]]:
    if pointer == Pointer.LATEST:
        return f"{_BY_MODE} UNION ALL {_BY_HEADER}", [reference, pointer, reference, kept]
    return _BY_MODE, [reference, pointer]


def _gaps(pointer: Pointer, context: str, instrument: str, kept: str) -> Iterator[str]:
    """Yield what the kept answers leave out, as sentences."""
    if not kept:
        yield _NOTHING_KEPT
        return
    if kept != context:
        yield f"{pointer.value.capitalize()} is {context} now; its answers are not worked out yet."
    if datasets.has_unsorted(instrument):
        yield "Some datasets are new, and are not sorted by their parameters yet."
    elif missing := _missing_modes(pointer, instrument):
        yield _new_combinations(missing)
    if pointer == Pointer.EDIT and KeptDataset.objects.filter(dataset__instrument=instrument).exists():
        yield "Datasets with an unusual header are counted under latest only."
    if pointer == Pointer.LATEST:
        yield from _unasked(kept, instrument)


def _new_combinations(number: int) -> str:
    if number == 1:
        return "One combination of parameters is new, and its answers are not worked out yet."
    return f"{number} combinations of parameters are new, and their answers are not worked out yet."


def _unasked(context: str, instrument: str) -> Iterator[str]:
    """Yield a sentence if datasets must be asked by their header under a context, and were not."""
    try:
        found = has_unasked(context, instrument)
    except CrdsError:
        yield f"{context} cannot be read now, so it is not known whether datasets are left out."
        return
    if found:
        yield "Some datasets must be asked by their header, and were not asked under this context yet."
    if found is None:
        yield "Many datasets must be asked by their header. It was not checked whether all of them were."


def _missing_modes(pointer: Pointer, instrument: str) -> int:
    """Return the number of modes that lack an answer."""
    newest = newest_parkeys(instrument)
    if newest is None:
        return 0
    rows = PointedRules.objects.filter(pointer=pointer, rules__instrument=instrument).select_related("rules")
    # The exposures have modes of the newest parkeys, so no answer for older modes counts.
    counts = [row.rules.mode_count if row.rules.sorted_by_id == newest.pk else 0 for row in rows]
    if not counts and KeptDataset.objects.filter(dataset__instrument=instrument).exists():
        return 0  # All its types are asked header by header.
    return max(0, datasets.count_modes(newest) - min(counts, default=0))


def datasets_with(reference: str, pointer: Pointer) -> Iterator[tuple[str, str]]:
    """Return two-part id and start of each dataset that uses a reference, in the order of ids.

    The start is written in ISO format, empty if it is not known.

    Raises
    ------
    NoAnswersKeptError
        Raised if no answers were worked out for the pointer yet.
    """
    latest = contexts.find_pointed(Pointer.LATEST)
    is_latest = pointer == Pointer.LATEST or contexts.find_pointed(pointer) == latest
    kept, _ = _kept(pointer, asked_by_header=latest if is_latest else None)
    if not kept:
        raise NoAnswersKeptError(_NOTHING_KEPT)
    if kept == _kept(Pointer.LATEST, asked_by_header=latest)[0]:
        pointer = Pointer.LATEST  # It has the same answers, and those that were asked by header.
    return _rows(*_statement(reference, pointer, kept))


def _rows(sql: str, values: list[Any]) -> Iterator[tuple[str, str]]:
    with connection.chunked_cursor() as cursor:
        # The names of columns are those of the first part.
        cursor.execute(f"SELECT * FROM ({sql}) found ORDER BY product, exposure", values)  # noqa: S608
        while rows := cursor.fetchmany(_BLOCK):
            for product, exposure, start in rows:
                yield f"{product}:{exposure}", _text(start)


def _text(start: Any) -> str:
    if start is None:
        return ""
    moment = start if isinstance(start, datetime) else datetime.fromisoformat(str(start))
    return moment.replace(tzinfo=None).isoformat()
