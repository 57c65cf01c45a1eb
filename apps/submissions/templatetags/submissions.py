"""Template filters for the pages of submissions."""

import re

from django import template
from django.db.models import QuerySet
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from apps.catalog.addresses import file_page
from apps.locks.models import Lock
from apps.submissions.models import Submission
from apps.submissions.states import ALIVE

register = template.Library()

# Clients look for these words in a page, and take every text that has them for the heading of a section.
_WORDS = re.compile(r"(Logical)(?= Diff)")
_BREAK = mark_safe("<wbr>")
_FILE = re.compile(r"'([A-Za-z0-9._-]+\.(?:fits|asdf|json|yaml|text|r\dh|[pir]map))'")


@register.simple_tag
def protected_by(lock: Lock) -> QuerySet[Submission]:
    """Return the submissions under way that a lock protects, newest first."""
    return Submission.objects.filter(lock_tenure=lock.tenure, status__in=ALIVE).order_by("-pk")


@register.simple_tag
def without_lock(instrument: str) -> QuerySet[Submission]:
    """Return the submissions under way that were made under a lock of an instrument which is free now."""
    rows = Submission.objects.filter(instrument=instrument, lock_tenure__isnull=False, status__in=ALIVE)
    return rows.order_by("-pk")


@register.filter
def apart(text: object) -> SafeString:
    """Return a text that people read unchanged, but in which a client does not find the heading."""
    parts = _WORDS.split(str(text))
    return format_html_join("", "{}{}", ((part, _BREAK if part == "Logical" else "") for part in parts))


@register.filter
def with_links(text: object) -> SafeString:
    """Return a text in which each file name between single quotes is a link."""
    parts = _FILE.split(str(text))
    return format_html_join(
        "", "{}", ((_link(part) if number % 2 else apart(part),) for number, part in enumerate(parts))
    )


def _link(name: str) -> SafeString:
    return format_html("'<a href=\"{}\">{}</a>'", file_page(name), name)
