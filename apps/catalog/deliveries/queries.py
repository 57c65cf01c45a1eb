"""Queries about deliveries."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db.models import (
    Case,
    Count,
    F,
    Max,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from apps.catalog.errors import UnknownDeliveryError
from apps.catalog.models import DeliveredFile, Delivery, File
from apps.catalog.queries import CHUNK
from apps.catalog.states import FILE_STATE, DeliveryStatus, FileState
from apps.catalog.text_indexes import FILES

FIRST_FILES = 20  # of a delivery that the list of deliveries shows
_CATALOGUE = re.compile(r"[a-z]{2,8}_[1-9][0-9]{0,17}\.cat")
# The archive has picked it up, and has not said that it is done.
IN_WORK = Q(status__in=(DeliveryStatus.PICKED_UP, DeliveryStatus.ARCHIVING))


def get_delivery(name: str) -> Delivery:
    """Return the delivery of a catalogue.

    Raises
    ------
    UnknownDeliveryError
        Raised if there is none.
    """
    found = Delivery.objects.filter(name=name).first() if _CATALOGUE.fullmatch(name) else None
    if found is None:
        raise UnknownDeliveryError(
            f"No delivery is called {name[:64]!r}; expected <observatory>_<number>.cat."
        )
    return found


def last_number() -> int:
    """Return the highest number of a delivery, 0 if there is none."""
    return Delivery.objects.aggregate(last=Max("number"))["last"] or 0


def open_catalogues() -> QuerySet[Delivery]:
    """Return the deliveries that wait to be picked up, the oldest first."""
    rows = Delivery.objects.filter(status=DeliveryStatus.OPEN).exclude(written_at=None)
    return _measured(rows).order_by("number")


def matching(*, status: str = "", text: str = "") -> QuerySet[Delivery]:
    """Return deliveries, the newest first, with the number `count` of their files and their `bytes`.

    Parameters
    ----------
    status
        A `DeliveryStatus`; empty for any.
    text
        A text in the catalogue, the submitter, the reason or the name of a file, in any case; empty for any.
    """
    rows = Delivery.objects.order_by("-number")
    if status:
        rows = rows.filter(status=status)
    if text:
        named = DeliveredFile.objects.filter(file__name__icontains=text)
        rows = rows.filter(
            Q(name__icontains=text)
            | Q(user__icontains=text)
            | Q(why__icontains=text)
            | FILES.owned(named, [text], owner="delivery", by="file")
        )
    return _measured(rows)


def _measured(rows: QuerySet[Delivery]) -> QuerySet[Any]:
    """Count the files of each delivery that is read, not those of all deliveries before a page is cut."""
    own = DeliveredFile.objects.filter(delivery=OuterRef("pk")).order_by().values("delivery")
    count = Subquery(own.annotate(found=Count("pk")).values("found"))
    size = Subquery(own.annotate(found=Sum("file__size")).values("found"))
    return rows.annotate(count=Coalesce(count, 0), bytes=size)


def with_first_files(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return deliveries that are read with the `first_rows` of their files, those with a problem first."""
    shown = ("name", "kind", "size", "state", "rejected", "blacklisted")
    files = DeliveredFile.objects.select_related("file")
    files = files.only(
        "delivery", "checked_at", "available_at", "problem", *(f"file__{name}" for name in shown)
    )
    first = files.order_by("-problem", "file__name")[:FIRST_FILES]
    return rows.prefetch_related(Prefetch("rows", first, to_attr="first_rows"))


def shown_state(file: File) -> str:
    """Return the state of a file as people see it: a bad file is shown as bad, whatever its state."""
    return str(FileState.BAD if file.is_bad else file.state)


def state_summaries(deliveries: Iterable[Delivery]) -> dict[int, str]:
    """Return the number of files in each state, the most frequent first: ``2 latest, 1 delivered``.

    Returns
    -------
    Texts by the keys of the deliveries.
    """
    is_bad = Q(file__rejected=True) | Q(file__blacklisted=True)
    state = Case(When(is_bad, then=Value(FileState.BAD.value)), default=F("file__state"))
    rows = DeliveredFile.objects.filter(delivery__in=[delivery.pk for delivery in deliveries])
    named = rows.annotate(shown=state).values_list("delivery", "shown")
    counted = named.annotate(number=Count("pk")).order_by("-number", "shown")
    found: dict[int, list[str]] = defaultdict(list)
    for key, name, number in counted:
        found[key].append(f"{number} {name}")
    return {key: ", ".join(parts) for key, parts in found.items()}


def states_beside_latest(names: Sequence[str]) -> dict[str, FileState]:
    """Return the states that files have in the archive, by name: they get them back when they leave latest.

    Files that were never delivered here, such as imported ones, are left out.
    """
    found: dict[str, FileState] = {}
    for chunk in _chunks(names):
        rows = DeliveredFile.objects.filter(file__name__in=chunk).order_by("delivery__number")
        for name, status in rows.values_list("file__name", "delivery__status"):
            found[name] = FILE_STATE[status]
    return found


def closed_catalogues(names: Sequence[str]) -> list[str]:
    """Return those of `names` that are catalogues of deliveries that are no longer open."""
    closed = Delivery.objects.exclude(status=DeliveryStatus.OPEN)
    found: list[str] = []
    for chunk in _chunks([name for name in names if _CATALOGUE.fullmatch(name)]):
        found += closed.filter(name__in=chunk).values_list("name", flat=True)
    return found


def archived_files(names: Sequence[str]) -> list[str]:
    """Return those of `names` that were delivered and whose deliveries are all archived."""
    is_archived = Q(delivery__status=DeliveryStatus.ARCHIVED)
    found: list[str] = []
    for chunk in _chunks(names):
        rows = DeliveredFile.objects.filter(file__name__in=chunk)
        done = set(rows.filter(is_archived).values_list("file__name", flat=True))
        found += sorted(done.difference(rows.exclude(is_archived).values_list("file__name", flat=True)))
    return found


def _chunks(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), CHUNK):
        yield names[start : start + CHUNK]
