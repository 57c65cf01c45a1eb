"""The search for files by what the catalogue knows about them (website, sections 6.1 and 6.2)."""

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any, ClassVar

from django.conf import settings
from django.db.models import Q, QuerySet

from apps.catalog.models import File
from apps.catalog.states import ChangeLevel, FileKind, FileState
from apps.catalog.text_indexes import FILES
from apps.core.filters import ANY, FilterForm, GlobFilter, MenuFilter, MomentFilter
from apps.core.globs import matching
from apps.core.rows import distinct
from apps.core.tables import Column, Table
from apps.rules.naming.file_names import is_mapping
from apps.rules.observatories import get_observatory
from apps.web.activity import EXTENSIONS, instruments
from apps.web.file_pages.exported_file import ExportedFile
from apps.web.file_pages.wording import NO_MOMENT, NOTHING, as_text, look_of_status, status_of

# Files that are not official yet are listed on the pages of their submissions.
STATES = tuple(state for state in FileState.values if state != FileState.UPLOADED)
_SHORT = 160  # characters of free text that a row shows


def _reference_types() -> dict[str, str]:
    """Return the reference types of all instruments with a description, sorted."""
    found: dict[str, str] = {}
    for types in get_observatory(settings.OBSERVATORY).reftypes.values():
        for name, text in types.items():
            found.setdefault(name, text)
    return dict(sorted(found.items()))


def _deliverers() -> list[str]:
    """Return the accounts that ever delivered, sorted."""
    return [name for name in distinct(File, "deliverer") if name]


class _TypeFilter(MenuFilter):
    """A reference type and its description."""

    def __init__(self, **options: Any) -> None:
        super().__init__(_reference_types, **options)
        self.choices = lambda: [
            (ANY, ANY),
            *((name, f"{name}: {text}") for name, text in _reference_types().items()),
        ]


class BrowseForm(FilterForm):
    """The files to list; only people who logged in may ask for a deliverer."""

    defaults: ClassVar[dict[str, str]] = {"extension": ".pmap"}

    instrument = MenuFilter(instruments, label="Instrument")
    reference_type = _TypeFilter(label="Reference Type")
    filename = GlobFilter(label="Filename", help_text="A name, or a pattern with * ? [a-z].")
    status = MenuFilter(lambda: STATES, label="Status")
    extension = MenuFilter(lambda: EXTENSIONS, label="Extension")
    start_date = MomentFilter(
        label="Start Date", help_text="Delivered on or after; UTC: 2026-01-31 or 2026-01-31 23:59."
    )
    stop_date = MomentFilter(label="Stop Date", help_text="Delivered on or before, same form.", is_end=True)
    user = MenuFilter(_deliverers, label="User")

    def __init__(self, sent: Mapping[str, Any], *, is_inside: bool = False) -> None:
        super().__init__(sent)
        if not is_inside:
            del self.fields["user"]


def matching_files(form: BrowseForm) -> QuerySet[File]:
    """Return the official files that a valid form asks for."""
    wanted = form.cleaned_data
    columns = (("instrument", "instrument"), ("filekind", "reference_type"), ("deliverer", "user"))
    equal = {column: wanted[name] for column, name in columns if wanted.get(name)}
    return File.objects.filter(
        _delivered_between(wanted["start_date"], wanted["stop_date"]),
        _has_extension(wanted["extension"]),
        _has_status(wanted["status"]),
        matching("name", wanted["filename"]),
        **equal,
    ).exclude(state=FileState.UPLOADED)


def _delivered_between(start: datetime | None, end: datetime | None) -> Q:
    """Return the condition that a file was delivered at or after `start` and before `end`."""
    return (Q(delivered_at__gte=start) if start else Q()) & (Q(delivered_at__lt=end) if end else Q())


def _has_extension(extension: str) -> Q:
    if extension == EXTENSIONS[-1]:
        return matching("name", "*.r[0-9]h") | matching("name", "*.r[0-9]d")
    # The kind follows from the extension. It excludes nearly all rows where a mapping is wanted.
    of_kind = Q(kind=FileKind.MAPPING) if is_mapping(extension) else Q()
    return of_kind & matching("name", f"*{extension}") if extension else Q()


def _has_status(status: str) -> Q:
    is_bad = Q(rejected=True) | Q(blacklisted=True) | Q(state=FileState.BAD)
    if status == FileState.BAD:
        return is_bad
    return Q(state=status) & ~is_bad if status else Q()


def columns(*, is_inside: bool) -> tuple[Column, ...]:
    """Return the columns of the list; only people who logged in see the deliverer."""

    def text(name: str, label: str, column: str = "", *, sort: str = "", **more: Any) -> Column:
        column = column or name
        read = attrgetter(column)
        return Column(
            name,
            label,
            lambda file: as_text(read(file), is_inside=is_inside),
            sort=sort or column,
            search=f"{column}__icontains",
            missing=NOTHING,
            **more,
        )

    shown = (
        _moment("delivery_date", "delivery date", "delivered_at"),
        _moment("activation_date", "activation date", "activated_at"),
        _moment("useafter_date", "useafter date", "useafter_at"),
        text("name", "name", address=lambda file: file.get_absolute_url(), look="code"),
        text("uploaded_as", "uploaded as", look="code"),
        text("aperture", "aperture"),
        Column(
            "status", "status", status_of, sort="state", badge=lambda file: look_of_status(status_of(file))
        ),
        Column(
            "provisional",
            "provisional",
            lambda file: "provisional" if file.provisional else "",
            badge=lambda file: "warn" if file.provisional else "",
        ),
        text(
            "description",
            "description",
            sort="description__beginning",
            text=lambda file: _short(as_text(file.description, is_inside=is_inside)),
            look="long",
        ),
        text("instrument", "instrument"),
        text("reference_type", "reference type", "filekind"),
        text("pedigree", "pedigree"),
        text("change_level", "change level", choices=lambda: ChangeLevel.values),
        Column("size", "bytes", lambda file: file.size, sort="size", look="number", missing=NO_MOMENT),
    )
    return (*shown, text("submitter", "submitter", "deliverer", choices=_deliverers)) if is_inside else shown


def _moment(name: str, label: str, column: str) -> Column:
    return Column(name, label, attrgetter(column), sort=column, look="moment", missing=NO_MOMENT)


def _short(text: str) -> str:
    return text if len(text) <= _SHORT else f"{text[:_SHORT].rstrip()} …"


def listing(form: BrowseForm, sent: Mapping[str, str], *, is_inside: bool) -> Table:
    """Return the table of the files that a valid form asks for, sorted and cut as the address says."""
    rows = matching_files(form).defer("comment", "history", "catalog_link", "sha1sum", "deliverer_email")
    return Table(
        columns(is_inside=is_inside),
        rows,
        sent,
        kept=form.kept,
        order="delivery_date",
        label=f"{settings.OBSERVATORY} files",
        is_wide=True,
        light_row=ExportedFile,
        index=FILES,
    )
