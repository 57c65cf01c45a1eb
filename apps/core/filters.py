"""Filters of lists, where ``*`` and nothing mean no constraint (website, section 1.6)."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet

from apps.core.errors import InvalidInputError
from apps.core.globs import clean_glob

Row = TypeVar("Row", bound=Model)

ANY = "*"
PAGE_SIZE = 50  # rows
LONGEST = 200  # characters of what may be typed
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(:\d\d)?)?", re.ASCII)


class MenuFilter(forms.ChoiceField):
    """One of several values, or any; it comes out empty for any."""

    def __init__(self, values: Callable[[], Iterable[str]], **options: Any) -> None:
        super().__init__(choices=lambda: [(value, value) for value in (ANY, *values())], **options)
        self.values = values

    def validate(self, value: str) -> None:
        """Refuse what is not in the menu."""
        known = (ANY, *self.values())
        if value and value not in known:
            raise ValidationError(f"{value[:40]!r} is none of {', '.join(known)}.")

    def clean(self, value: Any) -> str:
        """Return the value, empty for any."""
        chosen: str = super().clean(value)
        return "" if chosen == ANY else chosen


class GlobFilter(forms.CharField):
    """A shell pattern; it comes out empty for any text."""

    def clean(self, value: Any) -> str:
        """Return the pattern, or raise if it is none."""
        pattern = super().clean(value)
        try:
            return clean_glob(pattern) if pattern.strip(ANY) else ""
        except InvalidInputError as exc:
            raise ValidationError(str(exc)) from exc


class MomentFilter(forms.CharField):
    """A date, and a time if wanted, UTC, which is included; it comes out None for any.

    Of the end of a range comes out the first moment after it: that of a day is the next midnight.
    """

    def __init__(self, *, is_end: bool = False, **options: Any) -> None:
        super().__init__(max_length=LONGEST, **options)
        self.is_end = is_end

    def clean(self, value: Any) -> datetime | None:
        """Return the moment, or raise if it is none."""
        text = super().clean(value)
        if text in ("", ANY):
            return None
        found = _MOMENT.fullmatch(text)
        try:
            moment = datetime.fromisoformat(text).replace(tzinfo=UTC) if found else None
        except ValueError:
            moment = None
        if found is None or moment is None:
            raise ValidationError(f"{text[:40]!r} is no date; expected 2026-01-31, 2026-01-31 23:59 or *.")
        return _after(moment, found) if self.is_end else moment


def _after(moment: datetime, found: re.Match[str]) -> datetime:
    """Return the end of the day, minute or second that somebody wrote."""
    _, minute, second = found.groups()
    unit = timedelta(seconds=1) if second else timedelta(minutes=1) if minute else timedelta(days=1)
    try:
        return moment + unit
    except OverflowError:  # After the last day there is none.
        return datetime.max.replace(tzinfo=UTC)


class FilterForm(forms.Form):
    """What a list is narrowed down to, as its address says.

    What the address does not name has no constraint. Where it names nothing at all, `defaults` hold.
    """

    defaults: ClassVar[Mapping[str, str]] = {}
    use_required_attribute = False

    def __init__(self, sent: Mapping[str, Any]) -> None:
        self.is_asked = any(name in sent for name in self.base_fields)
        begin = {} if self.is_asked else self.defaults
        values = {name: sent.get(name, begin.get(name, ANY)) for name in self.base_fields}
        super().__init__(values, auto_id="filter_%s")
        for field in self.fields.values():
            field.required = False

    @property
    def is_open(self) -> bool:
        """Whether somebody is to fill it in: nothing was asked yet, or something is wrong."""
        return not self.is_asked or bool(self.errors)

    @property
    def kept(self) -> dict[str, str]:
        """What an address must say to ask for the same; nothing where the defaults hold."""
        if not self.is_asked:
            return {}
        said = {name: str(self.data[name]) for name in self.fields if self.data[name] not in ("", ANY)}
        return said or {next(iter(self.fields)): ANY}

    @property
    def query(self) -> str:
        """What an address says to ask for the same."""
        return urlencode({name: value or ANY for name, value in self.data.items()})


def page_of(rows: QuerySet[Row], sent: Mapping[str, Any]) -> Page[Row]:
    """Return the page of a list that an address asks for; the nearest one if there is no such page."""
    return Paginator(rows, PAGE_SIZE).get_page(sent.get("page"))
