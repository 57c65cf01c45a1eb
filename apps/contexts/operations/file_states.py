"""The states of files after a move of latest.

Source: website specification, sections 7.13 and 8.1.1.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.catalog import audit
from apps.catalog.deliveries.queries import states_beside_latest
from apps.catalog.ledger_lock import lock_ledger
from apps.catalog.models import File
from apps.catalog.queries import CHUNK
from apps.catalog.states import FileState
from apps.contexts import queries
from apps.contexts.availability import available, closure
from apps.contexts.models import Pointer
from apps.contexts.states import BECOMES_LATEST_FROM


def follow_latest(names: Collection[str], *, since: datetime) -> int:
    """Set the files of the latest context to ``latest``, and files that left it to their archive state.

    The caller has the ledger's lock. A file keeps its state if it is on its way to the archive, or if people
    cannot get it.

    Parameters
    ----------
    names
        All files of the latest context.
    since
        Start of its era, aware: the activation date of files that were never latest before.

    Returns
    -------
    The number of states that changed.
    """
    before = set(File.objects.filter(state=FileState.LATEST).values_list("name", flat=True))
    now, changed = timezone.now(), 0
    for rows in _chunks(set(names) - before):
        rows.filter(activated_at=None).update(activated_at=since, changed_at=now)
        ready = rows.filter(available(), state__in=BECOMES_LATEST_FROM)
        changed += ready.update(state=FileState.LATEST, changed_at=now)
    return changed + _leave_latest(sorted(before.difference(names)))


def _leave_latest(names: Sequence[str]) -> int:
    """Return files to their state in the archive; files that were never delivered here are archived."""
    beside = states_beside_latest(names)
    by_state: dict[str, list[str]] = {}
    for name in names:
        by_state.setdefault(beside.get(name, FileState.ARCHIVED), []).append(name)
    now = timezone.now()
    return sum(
        rows.filter(state=FileState.LATEST).update(state=state, changed_at=now)
        for state, members in by_state.items()
        for rows in _chunks(members)
    )


def _chunks(names: Collection[str]) -> Iterator[QuerySet[File]]:
    """Yield the rows of some names, in chunks that fit into the parameters of a query."""
    ordered = sorted(names)
    for start in range(0, len(ordered), CHUNK):
        yield File.objects.filter(name__in=ordered[start : start + CHUNK])


def renew_states() -> int:
    """Set the states of files by the latest context, and return how many changed.

    Imports need it, because they take over the pointers of another server.

    Raises
    ------
    UnknownContextError, UnusableContextError
        Raised if the latest context cannot be read.
    """
    seen = queries.find_change(Pointer.LATEST)
    if seen is None:
        return 0
    names = closure(seen.context)
    with transaction.atomic():
        lock_ledger()
        if queries.find_change(Pointer.LATEST) != seen:
            return 0  # The operation that moved it in the meantime has set the states.
        changed = follow_latest(names, since=seen.started_at)
        if changed:
            audit.count_change()
    return changed
