"""Filters of lists. ``*`` and an empty field mean no constraint (website, section 1.6)."""

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
from apps.rules.dates import parse_timestamp

Row = TypeVar("Row", bound=Model)

ANY = "*"
PAGE_SIZE = 50  # rows
LONGEST = 200  # characters that a person may type
_PRECISION = re.compile(r"[\d-]{10}(?:[ T](\d\d:\d\d)(:\d\d)?(\.\d+)?)?", re.ASCII)


class MenuFilter(forms.ChoiceField):
    """One of several values, or any. Cleaning returns an empty text for any."""

    def __init__(self, values: Callable[[], Iterable[str]], **options: Any) -> None:
        super().__init__(choices=lambda: [(value, value) for value in (ANY, *values())], **options)
        self.values = values

    def validate(self, value: str) -> None:
        """Refuse a value that is not in the menu."""
        known = (ANY, *self.values())
        if value and value not in known:
            raise ValidationError(f"{value[:40]!r} is not one of {', '.join(known)}.")

    def clean(self, value: Any) -> str:
        """Return the value, empty for any."""
        chosen: str = super().clean(value)
        return "" if chosen == ANY else chosen


class GlobFilter(forms.CharField):
    """A shell pattern. Cleaning returns an empty text if it fits any text."""

    def clean(self, value: Any) -> str:
        """Return the pattern, or refuse a text that is not a pattern."""
        pattern = super().clean(value)
        try:
            return clean_glob(pattern) if pattern.strip(ANY) else ""
        except InvalidInputError as exc:
            raise ValidationError(str(exc)) from exc


class MomentFilter(forms.CharField):
    """A date or a moment, in UTC or with an offset. Cleaning returns None for any.

    The end of a range is included. Cleaning returns the first moment after it, for a day the next midnight.
    """

    def __init__(self, *, is_end: bool = False, **options: Any) -> None:
        super().__init__(max_length=LONGEST, **options)
        self.is_end = is_end

    def clean(self, value: Any) -> datetime | None:
        """Return the moment, or refuse a text that is not a moment."""
        text = super().clean(value)
        if text in ("", ANY):
            return None
        try:
            moment = parse_timestamp(text).replace(tzinfo=UTC)
        except ValueError:
            raise ValidationError(
                f"{text[:40]!r} is not a date; write 2026-01-31, 2026-01-31 23:59 (UTC) or *."
            ) from None
        return _after(moment, text) if self.is_end else moment


def _after(moment: datetime, text: str) -> datetime:
    """Return the end of the day, minute, second or microsecond that somebody wrote."""
    try:
        return moment + _precision(text)
    except OverflowError:  # The calendar ends here.
        return datetime.max.replace(tzinfo=UTC)


def _precision(text: str) -> timedelta:
    found = _PRECISION.match(text)
    minute, second, fraction = found.groups() if found else (None, None, None)
    if fraction:
        return timedelta(microseconds=1)
    return timedelta(seconds=1) if second else timedelta(minutes=1) if minute else timedelta(days=1)


class FilterForm(forms.Form):
    """The constraints of a list, from its address.

    A field that the address does not name has no constraint. If it names no field at all, `defaults` apply.
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
        """Return whether to show the form open: it was not used yet, or has an error."""
        return not self.is_asked or bool(self.errors)

    @property
    def kept(self) -> dict[str, str]:
        """The parameters of an address with the same constraints; none if the defaults apply."""
        if not self.is_asked:
            return {}
        chosen = {name: str(self.data[name]) for name in self.fields if self.data[name] not in ("", ANY)}
        return chosen or {next(iter(self.fields)): ANY}

    @property
    def query(self) -> str:
        """The query string of an address with the same constraints."""
        return urlencode({name: value or ANY for name, value in self.data.items()})


def page_of(rows: QuerySet[Row], sent: Mapping[str, Any]) -> Page[Row]:
    """Return the page of a list that an address asks for, or the nearest existing page."""
    return Paginator(rows, PAGE_SIZE).get_page(sent.get("page"))
