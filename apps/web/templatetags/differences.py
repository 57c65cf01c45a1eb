"""Template filters for rows of differences.

A page has a thousand rows. Written out in a template, each row takes twenty steps of the template engine,
which is most of the time of the page. A filter takes one step.
"""

import re

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from apps.catalog.addresses import file_page
from apps.rules.differences import Difference
from apps.rules.differences.side_by_side import NumberedLine, PairedRow

register = template.Library()

# A file name between single quotes, in text that is already escaped.
_FILE = re.compile(r"&#x27;([A-Za-z0-9._-]+\.(?:fits|asdf|json|yaml|text|r\dh|[pir]map))&#x27;")
_DATE = re.compile(r"\d{4}-\d\d-\d\d.*")


@register.filter
def linked(text: str) -> SafeString:
    """Return a text in which file names between single quotes are links."""
    return _safe(_FILE.sub(_link, escape(text)))


def _link(found: re.Match[str]) -> str:
    return f'&#x27;<a href="{file_page(found[1])}">{found[1]}</a>&#x27;'


@register.filter
def table_row(row: Difference) -> SafeString:
    """Return a logical difference as a row of a table."""
    cells = "".join(map(_cell, row.path))
    return _safe(f"<tr>{cells}<td>{linked(row.text)}</td></tr>\n")


def _cell(value: str) -> str:
    """Return a table cell; the class keeps dates from breaking at their hyphens."""
    look = ' class="moment"' if _DATE.fullmatch(value) else ""
    return f"<td{look}>{escape(value)}</td>"


@register.filter
def unified_row(line: NumberedLine) -> SafeString:
    """Return a row with a line and its numbers in the old and the new text."""
    look = f' class="{line.kind}"' if line.sign else ""
    return _safe(f"<tr{look}><td>{line.old or ''}<td>{line.new or ''}<td>{_words(line)}\n")


@register.filter
def side_row(row: PairedRow) -> SafeString:
    """Return a row with an old line beside the new one, each with its number."""
    old = f"<td>{row.old.old}<td{_look(row.old)}>{_words(row.old)}" if row.old else '<td><td class="none">'
    new = f"<td>{row.new.new}<td{_look(row.new)}>{_words(row.new)}" if row.new else '<td><td class="none">'
    return _safe(f"<tr>{old}{new}\n")


def _look(line: NumberedLine) -> str:
    return f' class="{line.kind}"' if line.sign else ""


def _words(line: NumberedLine) -> str:
    """Return the sign and the text; words that are missing in the other text are marked."""
    end = "<small> no line end</small>" if line.has_no_end else ""
    if not line.sign:
        return f"{escape(line.text)}{end}"
    mark = "ins" if line.kind == "added" else "del"
    parts = (
        f"<{mark}>{escape(part.text)}</{mark}>" if part.is_changed else escape(part.text)
        for part in line.parts
    )
    return f"<b>{line.sign}</b>{''.join(parts)}{end}"


def _safe(markup: str) -> SafeString:
    """Return markup of this module as safe; callers have escaped every text in it."""
    return mark_safe(markup)  # noqa: S308
