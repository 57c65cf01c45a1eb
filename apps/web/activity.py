"""The public list of changes to files and contexts (website, section 6.4)."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse

from apps.catalog.addresses import changes_page, file_page
from apps.catalog.errors import BadNameError
from apps.catalog.file_kinds import kind_of
from apps.catalog.models import AuditRecord
from apps.catalog.text_indexes import RECORDS
from apps.core.filters import PAGE_SIZE, FilterForm, GlobFilter, MenuFilter, MomentFilter
from apps.core.globs import matching
from apps.core.tables import CellPart, Column, Table
from apps.rules.observatories import get_observatory

# The public sees acts that change a file or a pointer. It does not see others, such as making an account
# for a pipeline.
ACTIONS = (
    "submit file",
    "set default context",
    "rename",
    "generate mapping",
    "mark bad",
    "mark ok",
    "taint",
    "add reference",
    "delete reference",
    "archive state",
    "force submit",
    "cancel submit",
    "add file",
    "take unknown",
    "adopt bytes",
    "complete file",
)
EXTENSIONS = (".pmap", ".imap", ".rmap", ".fits", ".asdf", ".json", ".yaml", ".r*h/.r*d")
_ARROW = "-->"
# As `audit.pointer_moved` writes it.
_MOVED = re.compile(r" context changed from '([A-Za-z0-9._-]+\.pmap)' to '([A-Za-z0-9._-]+\.pmap)'")
_KEY = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def instruments() -> tuple[str, ...]:
    """Return the instruments of the observatory."""
    return get_observatory(settings.OBSERVATORY).instruments


def reference_types() -> list[str]:
    """Return the reference types of all instruments, sorted."""
    return sorted({name for kinds in get_observatory(settings.OBSERVATORY).types.values() for name in kinds})


class ActivityForm(FilterForm):
    # By default the list shows acts on contexts, also on those that are not latest yet.
    defaults: ClassVar[dict[str, str]] = {"extension": ".pmap"}

    action = MenuFilter(lambda: ACTIONS, label="Action")
    extension = MenuFilter(lambda: EXTENSIONS, label="Extension")
    instrument = MenuFilter(instruments, label="Instrument")
    reference_type = MenuFilter(reference_types, label="Reference Type")
    filename = GlobFilter(label="Filename", help_text="A name, or a pattern with * ? [a-z].")
    start_date = MomentFilter(label="Start Date", help_text="UTC: 2026-01-31, 2026-01-31 23:59 or *.")
    stop_date = MomentFilter(
        label="Stop Date", help_text="Inclusive. Same format as the start date.", is_end=True
    )


def matching_records(form: ActivityForm) -> QuerySet[AuditRecord]:
    """Return the records that a valid form asks for, newest first."""
    wanted = form.cleaned_data
    action = wanted["action"]
    equal = {
        column: wanted[name]
        for column, name in (("instrument", "instrument"), ("filekind", "reference_type"))
        if wanted[name]
    }
    return AuditRecord.objects.filter(
        _between(wanted["start_date"], wanted["stop_date"]),
        _has_extension(wanted["extension"]),
        matching("filename", wanted["filename"]),
        action__in=[action] if action else ACTIONS,
        **equal,
    ).order_by("-at", "-pk")


def _between(start: datetime | None, end: datetime | None) -> Q:
    """Return the condition that a record lies between `start` (included) and `end` (excluded)."""
    return (Q(at__gte=start) if start else Q()) & (Q(at__lt=end) if end else Q())


def _has_extension(extension: str) -> Q:
    if extension == EXTENSIONS[-1]:
        return matching("filename", "*.r[0-9]h") | matching("filename", "*.r[0-9]d")
    return matching("filename", f"*{extension}") if extension else Q()


COLUMNS = (
    Column("date", "Date", lambda record: record.at, sort="at", look="moment"),
    Column(
        "filename",
        "Filename",
        lambda record: record.filename,
        sort="filename",
        search="filename__icontains",
        address=lambda record: file_page(record.filename) if record.filename else "",
        look="code",
        missing="none",
    ),
    Column(
        "action",
        "Action",
        lambda record: record.action,
        sort="action",
        search="action__icontains",
        choices=lambda: ACTIONS,
    ),
    Column(
        "why",
        "Why",
        lambda record: without_addresses(record.why),
        search="why__icontains",
        missing="none",
        look="long",
    ),
    Column(
        "details",
        "Details",
        lambda record: without_addresses(record.details),
        search="details__icontains",
        parts=lambda record: _parts(without_addresses(record.details)),
        heading=lambda record: _heading(without_addresses(record.details)),
    ),
)


def listing(form: ActivityForm, sent: Mapping[str, str]) -> Table:
    """Return the records that a valid form asks for as a table; `sent` sorts, searches and pages it."""
    return Table(
        COLUMNS,
        matching_records(form),
        sent,
        kept=form.kept,
        order="-date",
        size=PAGE_SIZE,
        label="Activities",
        is_wide=True,
        index=RECORDS,
    )


def history_of(filename: str, sent: Mapping[str, str], *, anchor: str) -> Table:
    """Return the table of acts on one file, newest first; its query parameters begin with ``actions_``."""
    rows = AuditRecord.objects.filter(filename=filename, action__in=ACTIONS)
    return Table(
        [column for column in COLUMNS if column.name != "filename"],
        rows,
        sent,
        order="-date",
        size=PAGE_SIZE,
        label=f"Past actions of {filename}",
        prefix="actions_",
        anchor=anchor,
    )


def without_addresses(text: str) -> str:
    """Return a text with e-mail addresses cut after their ``@``: names of accounts may be such addresses.

    Examples
    --------
    >>> without_addresses("submission 7 of homer@example.org")
    'submission 7 of homer@...'
    """
    return re.sub(r"(?<=@)[^\s,;:'\"<>()]+", "...", text) if "@" in text else text


def _heading(details: str) -> str:
    """Return a heading with the number of files that details list, empty if they list none."""
    head, _, listed = details.partition(": ")
    more = re.search(r" and (\d{1,9}) more\Z", listed)
    number = sum(bool(part.address) for part in _parts(listed)) + (int(more[1]) if more else 0)
    return f"{head}: {number} file{'s' if number > 1 else ''}" if number else ""


def _parts(details: str) -> tuple[CellPart, ...]:
    """Return the pieces of details; names of files and keys of submissions are links."""
    old, arrow, new = details.rpartition(_ARROW)
    # Before the arrow is the name of the upload, which has no page.
    found = [CellPart(old + arrow)] if arrow else []
    for number, text in enumerate(re.split(r"([A-Za-z0-9._-]+)", new)):
        if text:
            found.append(CellPart(text, _address(text) if number % 2 else ""))
    if moved := _MOVED.search(details):
        found += [CellPart(". "), CellPart("What changed", changes_page(*moved.groups()))]
    return tuple(found)


def _address(word: str) -> str:
    """Return the page of a file or submission, empty if the word names neither."""
    if _KEY.fullmatch(word):
        return reverse("submissions:result", args=[word])
    try:
        is_file = "." in word and bool(kind_of(word))
    except BadNameError:
        is_file = False
    return file_page(word) if is_file else ""
