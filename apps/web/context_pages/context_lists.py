"""When which context was in use, which there are, and which belong to a version of the software."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from urllib.parse import quote

from django.conf import settings
from django.urls import reverse

from apps.contexts import queries as contexts
from apps.contexts.context_chooser import delivery_order, official_contexts
from apps.contexts.models import ContextChange, Pointer
from apps.core.tables import Column, Picks, Table
from apps.rules.observatories import get_observatory

LOOKS = {"latest": "warn", "archived": "good"}  # Website, section 3: latest amber, archived green.


@dataclass(frozen=True, slots=True)
class Era:
    """A context that was latest from `started_at` until the next era's."""

    started_at: datetime
    context: str
    status: str
    reason: str

    @property
    def look(self) -> str:
        """Colour of its status."""
        return LOOKS[self.status]


@dataclass(frozen=True, slots=True)
class Delivered:
    """A context that was delivered, whether or not it was ever latest.

    Attributes
    ----------
    pointers
        Which pointers stand at it now.
    """

    delivered_at: datetime
    name: str
    status: str
    description: str
    is_bad: bool
    pointers: tuple[str, ...]

    @property
    def shown_status(self) -> str:
        """Its state, and what else is to be known of it."""
        return ", ".join([self.status, *self.pointers, *(["bad"] if self.is_bad else [])])


@dataclass(frozen=True, slots=True)
class Build:
    """The context that belongs to a version of the calibration software."""

    version: str
    context: str
    started_at: datetime
    address: str


def find_eras(limit: int | None = None) -> list[Era]:
    """Return the eras of latest, newest first."""
    rows = contexts.history().values_list("started_at", "context", "reason")[:limit]
    return [
        Era(started_at, context, "archived" if place else "latest", reason)
        for place, (started_at, context, reason) in enumerate(rows)
    ]


def find_delivered() -> list[Delivered]:
    """Return every context that was delivered, the newest first.

    Where a delivery gave no reason, as before an import, the reason to make it latest says what it is about.
    """
    reasons = {era.context: era.reason for era in find_eras()}
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
        for delivered_at, name, state, description, rejected, blacklisted in official_contexts().values_list(
            *fields
        )
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
    """Return where a version of the calibration software is described, empty if nobody says."""
    page = get_observatory(settings.OBSERVATORY).release_page
    return page.format(version=quote(version)) if page else ""


def _table_of(name: str) -> str:
    return reverse("web:context_table", args=[name])


def _picks(field: str) -> Picks:
    return Picks(reverse("web:compare"), lambda row: str(getattr(row, field)))


def _context_column(field: str) -> Column:
    """Return the column of a context that stands in a field of the rows, and leads to its table."""
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


_ERA_COLUMNS = (
    Column(
        "start_date",
        "Start Date",
        lambda era: era.started_at,
        sort="value",
        search="value",
        text=lambda era: f"{era.started_at:%Y-%m-%d}",
        look="moment",
    ),
    _context_column("context"),
    Column("status", "Status", lambda era: era.status, sort="value", badge=lambda era: era.look),
    Column("description", "Description", lambda era: era.reason, sort="value", search="value", look="long"),
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


def era_table(eras: list[Era], sent: Mapping[str, str]) -> Table:
    """Return the table of the context history."""
    label = f"{settings.OBSERVATORY} context history"
    return Table(_ERA_COLUMNS, eras, sent, label=label, picks=_picks("context"))


def delivered_table(delivered: list[Delivered], sent: Mapping[str, str]) -> Table:
    """Return the table of all contexts."""
    label = f"{settings.OBSERVATORY} contexts"
    return Table(_DELIVERED_COLUMNS, delivered, sent, label=label, picks=_picks("name"))


def build_table(builds: list[Build], sent: Mapping[str, str]) -> Table:
    """Return the table of build contexts."""
    label = f"{settings.OBSERVATORY} build contexts"
    return Table(_BUILD_COLUMNS, builds, sent, label=label, picks=_picks("context"))
