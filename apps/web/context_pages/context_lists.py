"""Lists of contexts: the history of latest, all contexts, and the build contexts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from urllib.parse import quote

from django.conf import settings
from django.urls import reverse

from apps.catalog.addresses import changes_page
from apps.contexts import queries as contexts
from apps.contexts.context_chooser import delivery_order, newest_contexts, official_contexts
from apps.contexts.models import ContextChange, Pointer
from apps.core.tables import Column, Picks, Table
from apps.rules.observatories import get_observatory

LOOKS = {"latest": "good", "archived": "plain"}  # In use, and over.


@dataclass(frozen=True, slots=True)
class LatestContext:
    """A context that became latest at `started_at`; `before` is the latest one until then, empty if none."""

    started_at: datetime
    context: str
    status: str
    reason: str
    before: str = ""

    @property
    def look(self) -> str:
        """The colour of the status."""
        return LOOKS[self.status]

    @property
    def changes(self) -> str:
        """The address of the page of what changed; empty for the first context."""
        return changes_page(self.before, self.context) if self.before else ""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A context that was delivered, whether or not it was ever latest.

    Attributes
    ----------
    pointers
        The pointers that name it now.
    """

    delivered_at: datetime
    name: str
    status: str
    description: str
    is_bad: bool
    pointers: tuple[str, ...]

    @property
    def shown_status(self) -> str:
        """The state, the pointers, and ``bad`` for a bad context."""
        return ", ".join([self.status, *self.pointers, *(["bad"] if self.is_bad else [])])


@dataclass(frozen=True, slots=True)
class Build:
    """The context that was made for a version of the calibration software."""

    version: str
    context: str
    started_at: datetime
    address: str


def find_latest_contexts(limit: int | None = None) -> list[LatestContext]:
    """Return the contexts that were latest, newest first; all of them without `limit`."""
    most = None if limit is None else limit + 1
    rows = list(contexts.history().values_list("started_at", "context", "reason")[:most])
    befores = [*(context for _, context, _ in rows[1:]), ""]
    return [
        LatestContext(started_at, context, "archived" if place else "latest", reason, before)
        for place, ((started_at, context, reason), before) in enumerate(zip(rows, befores, strict=False))
    ][:limit]


def find_delivered(limit: int | None = None) -> list[Delivered]:
    """Return the contexts that were delivered, the newest first; all of them without `limit`.

    Imported contexts have no description; the reason to make one latest takes its place.
    """
    rows, eras = official_contexts(), contexts.history()
    if limit is not None:
        names = newest_contexts(limit)
        rows, eras = rows.filter(name__in=names), eras.filter(context__in=names)
    # The eras come from new to old, so the reason of the first era of a context is the one that stays.
    reasons = dict(eras.values_list("context", "reason"))
    pointed = {pointer.value: contexts.find_pointed(pointer) for pointer in Pointer}
    fields = ("delivered_at", "name", "state", "description", "rejected", "blacklisted")
    found = [
        Delivered(
            delivered_at,
            name,
            state,
            description or reasons.get(name, ""),
            rejected or blacklisted,
            tuple(pointer for pointer, context in pointed.items() if context == name and pointer != state),
        )
        for delivered_at, name, state, description, rejected, blacklisted in rows.values_list(*fields)
    ]
    return sorted(found, key=lambda context: delivery_order(context.name), reverse=True)


def find_builds() -> list[Build]:
    """Return the build contexts, the newest version first."""
    rows = ContextChange.objects.filter(pointer=Pointer.BUILD).order_by("started_at", "pk")
    last = {
        version: (name, since)
        for version, name, since in rows.values_list("calibration_version", "context", "started_at")
    }
    order = {version: place for place, (version, _since) in enumerate(contexts.releases())}
    found = [Build(version, name, since, release_page(version)) for version, (name, since) in last.items()]
    return sorted(found, key=lambda build: order.get(build.version, len(order)))


def release_page(version: str) -> str:
    """Return the address of the notes of a release of the calibration software, empty if unknown."""
    page = get_observatory(settings.OBSERVATORY).release_page
    return page.format(version=quote(version)) if page else ""


def _table_of(name: str) -> str:
    return reverse("web:context_table", args=[name])


def _picks(field: str) -> Picks:
    return Picks(reverse("web:compare"), lambda row: str(getattr(row, field)))


def _context_column(field: str) -> Column:
    """Return the column of the context in `field` of each row, with links to its table."""
    name_of = attrgetter(field)
    return Column(
        "context",
        "Context",
        name_of,
        sort="value",
        search="value",
        address=lambda row: _table_of(name_of(row)),
        look="code",
    )


_HISTORY_COLUMNS = (
    Column(
        "start_date",
        "Start Date",
        lambda row: row.started_at,
        sort="value",
        search="value",
        text=lambda row: f"{row.started_at:%Y-%m-%d}",
        look="moment",
    ),
    _context_column("context"),
    Column("status", "Status", lambda row: row.status, sort="value", badge=lambda row: row.look),
    Column("description", "Description", lambda row: row.reason, sort="value", search="value", look="long"),
    Column(
        "before",
        "Changes",
        lambda row: row.before,
        address=lambda row: row.changes,
        text=lambda row: "what changed" if row.before else "",
    ),
)

_DELIVERED_COLUMNS = (
    Column(
        "delivery_date",
        "Delivery Date",
        lambda context: context.delivered_at,
        sort="value",
        search="value",
        look="moment",
    ),
    _context_column("name"),
    Column("status", "Status", lambda context: context.shown_status, sort="value", search="value"),
    Column(
        "description",
        "Description",
        lambda context: context.description,
        sort="value",
        search="value",
        look="long",
    ),
)

_BUILD_COLUMNS = (
    Column(
        "cal_ver",
        "Cal Ver",
        lambda build: build.version,
        search="value",
        address=lambda build: build.address,
        look="code",
    ),
    _context_column("context"),
    Column("since", "Since", lambda build: build.started_at, sort="value", look="moment"),
)


def history_table(rows: list[LatestContext], sent: Mapping[str, str]) -> Table:
    """Return the table of the context history."""
    label = f"{settings.OBSERVATORY} context history"
    return Table(_HISTORY_COLUMNS, rows, sent, label=label, picks=_picks("context"))


def delivered_table(delivered: list[Delivered], sent: Mapping[str, str]) -> Table:
    """Return the table of all contexts."""
    label = f"{settings.OBSERVATORY} contexts"
    return Table(_DELIVERED_COLUMNS, delivered, sent, label=label, picks=_picks("name"))


def build_table(builds: list[Build], sent: Mapping[str, str]) -> Table:
    """Return the table of build contexts."""
    label = f"{settings.OBSERVATORY} build contexts"
    return Table(_BUILD_COLUMNS, builds, sent, label=label, picks=_picks("context"))
