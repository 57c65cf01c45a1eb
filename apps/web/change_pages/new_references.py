"""The references that were delivered lately."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from apps.catalog import queries as catalog
from apps.catalog.models import File
from apps.core.tables import Column, Table
from apps.web.change_pages.file_links import breakable, thumbnail_of
from apps.web.file_pages.wording import as_text, look_of_status, status_of

SIZE = 50  # rows of a page
PERIODS = {"week": timedelta(days=7), "month": timedelta(days=30), "year": timedelta(days=365)}
_LONGEST = 200  # characters of a reason on the page


@dataclass(frozen=True)
class NewReferences:
    """The numbers of references that were delivered lately, with links to their lists.

    Attributes
    ----------
    week, month
        Numbers of references.
    """

    instrument: str
    week: int
    month: int

    @cached_property
    def last_at(self) -> datetime | None:
        """The time at which the newest reference was delivered; None if there is none."""
        return catalog.last_delivery(instrument=self.instrument)

    def address(self, since: str) -> str:
        """Return the address of the list of a period, or of those since a day."""
        return new_address(since=since, instrument=self.instrument)

    @property
    def of_week(self) -> str:
        """The address of the list of this week."""
        return self.address("week")

    @property
    def of_month(self) -> str:
        """The address of the list of this month."""
        return self.address("month")

    @property
    def of_last(self) -> str:
        """The address of the list of the last day with a delivery; empty if there is none."""
        return self.address(f"{self.last_at:%Y-%m-%d}") if self.last_at else ""


def count_new(instrument: str = "") -> NewReferences:
    """Return how many references of an instrument, or of all, were delivered lately."""
    starts = [timezone.now() - PERIODS[name] for name in ("week", "month")]
    return NewReferences(instrument, *catalog.count_new_references(starts, instrument=instrument))


def new_address(*, since: str, instrument: str = "", reftype: str = "") -> str:
    """Return the address of the list of new references."""
    given = {"since": since, "instrument": instrument, "type": reftype}
    return f"{reverse('web:new')}?{urlencode({name: value for name, value in given.items() if value})}"


def new_table(rows: QuerySet[File], sent: Mapping[str, str], *, kept: Mapping[str, str]) -> Table:
    """Return the table of new references."""
    rows = rows.defer("comment", "history", "catalog_link", "deliverer_email")
    return Table(
        COLUMNS, rows, sent, kept=kept, order="-delivered", size=SIZE, label="New references", is_wide=True
    )


def _name(file: File) -> SafeString:
    return format_html("{}{}", thumbnail_of(file.sha1sum), breakable(file.name))


def _text(file: File, name: str) -> str:
    # Names of accounts may be e-mail addresses.
    return as_text(getattr(file, name), is_inside=False)


def _reason(file: File) -> str:
    text = _text(file, "description")
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _column(name: str, label: str, column: str, **more: Any) -> Column:
    return Column(
        name, label, lambda file: _text(file, column), sort=column, search=f"{column}__icontains", **more
    )


def _moment(name: str, label: str) -> Column:
    return Column(name, label, lambda file: getattr(file, f"{name}_at"), sort=f"{name}_at", look="moment")


COLUMNS = (
    _moment("delivered", "Delivered (UTC)"),
    Column(
        "name",
        "Reference",
        lambda file: file.name,
        sort="name",
        search="name__icontains",
        address=lambda file: file.get_absolute_url(),
        text=_name,
        look="code",
    ),
    _column("instrument", "Instrument", "instrument"),
    _column("type", "Type", "filekind"),
    Column("status", "Status", status_of, badge=lambda file: look_of_status(status_of(file))),
    _moment("useafter", "Applies from"),
    _column("deliverer", "Delivered by", "deliverer"),
    _column("reason", "Reason", "description", text=_reason, look="long"),
)
