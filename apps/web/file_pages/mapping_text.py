"""The text of a mapping, with links from file names to their pages."""

import re
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from apps.catalog.addresses import file_page
from apps.catalog.models import File
from apps.catalog.reading import load_text
from apps.rules.errors import CrdsError

SHOWN = 80_000  # characters that a page shows unless somebody asks for the whole text

# Quotation marks are escaped already; between them only the characters of file names are taken.
_NAME = re.compile(
    r"(?<=&#x27;|&quot;)((?:[\w.-]+/)*)([\w.-]{1,124}\.(?:[pir]map|fits|asdf|json|yaml|text|r[0-9][hd]))(?=&#x27;|&quot;)",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Contents:
    """The text of a mapping, or why it cannot be shown.

    Attributes
    ----------
    markup
        The text, escaped, with links.
    lines, shown
        Number of its lines, and of those that are shown.
    """

    markup: str = ""
    lines: int = 0
    shown: int = 0
    problem: str = ""

    @property
    def is_cut(self) -> bool:
        """Return whether the page shows only the beginning."""
        return self.shown < self.lines


def contents_of(file: File, *, is_whole: bool) -> Contents:
    """Return the text of a mapping; only the beginning of a long one, unless all of it is asked for."""
    try:
        return contents(load_text(file), is_whole=is_whole)
    except CrdsError as exc:
        return Contents(problem=str(exc))


def contents(text: str, *, is_whole: bool = False) -> Contents:
    """Return a text as a page shows it."""
    shown = text
    if not is_whole and len(text) > SHOWN:
        shown = text[: text.rfind("\n", 0, SHOWN) + 1] or text[:SHOWN]
    return Contents(linked(shown), _lines(text), _lines(shown))


def _lines(text: str) -> int:
    return text.count("\n") + (not text.endswith("\n"))


def linked(text: str) -> SafeString:
    """Return the escaped text with links at the file names in it.

    Examples
    --------
    >>> linked("{'LIGER': 'old/keckao_liger_0001.imap'}")
    '{&#x27;LIGER&#x27;: &#x27;old/<a href="/browse/keckao_liger_0001.imap">keckao_liger_0001.imap</a>&#x27;}'
    """
    marked = _NAME.sub(_link, escape(text))
    # The text is escaped already, and the names that are inserted hold only characters of file names.
    return mark_safe(marked)  # noqa: S308


def _link(found: re.Match[str]) -> str:
    return f'{found[1]}<a href="{file_page(found[2])}">{found[2]}</a>'
