"""What a move of latest means to the states of files.

Source: website specification, sections 7.13 and 8.1.1.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.catalog import audit
from apps.catalog.deliveries.queries import states_beside_latest
from apps.catalog.ledger_lock import take_turn
from apps.catalog.models import File
from apps.catalog.queries import CHUNK
from apps.catalog.states import FileState
from apps.contexts import queries
from apps.contexts.availability import available, closure
from apps.contexts.models import Pointer
from apps.contexts.states import BECOMES_LATEST_FROM


def follow_latest(names: Collection[str], *, since: datetime) -> int:
    """Let the files of the latest context be ``latest``, and those that left it what they are to the archive.

    To be called by whoever has the turn. A file on its way to the archive keeps its state, and one that
    people cannot have too.

    Parameters
    ----------
    names
        All files of the latest context.
    since
        Start of its era, aware: the activation date of files that never were latest before.

    Returns
    -------
    How many states changed.
    """
    before = set(File.objects.filter(state=FileState.LATEST).values_list("name", flat=True))
    now, changed = timezone.now(), 0
    for rows in _chunks(set(names) - before):
        rows.filter(activated_at=None).update(activated_at=since, changed_at=now)
        ready = rows.filter(available(), state__in=BECOMES_LATEST_FROM)
        changed += ready.update(state=FileState.LATEST, changed_at=now)
    return changed + _leave_latest(sorted(before.difference(names)))


def _leave_latest(names: Sequence[str]) -> int:
    """Let files fall back to the state beside latest; those never delivered here lie in an archive."""
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
    """Yield the rows of some names, as many at once as a query may have parameters."""
    ordered = sorted(names)
    for start in range(0, len(ordered), CHUNK):
        yield File.objects.filter(name__in=ordered[start : start + CHUNK])


def renew_states() -> int:
    """Let the states of files agree with the latest context, and return how many changed.

    For imports, which take over where the pointer of another server stood.

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
        take_turn()
        if queries.find_change(Pointer.LATEST) != seen:
            return 0  # Whoever moved it meanwhile has seen to the states.
        changed = follow_latest(names, since=seen.started_at)
        if changed:
            audit.count_change()
    return changed
