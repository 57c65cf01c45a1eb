"""Text in XML."""

from __future__ import annotations

import re

# Characters that XML 1.0 does not permit, and halves of characters, which UTF-8 cannot hold.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REPLACEMENT = "\ufffd"
# Nearly all cells of a table are free of them, and one search is quicker than five.
_SPECIAL = re.compile(f"[&<>\r]|{_FORBIDDEN.pattern}")


def escape(text: str) -> str:
    """Return a text for the content of an element.

    Examples
    --------
    >>> escape("a < b & c")
    'a &lt; b &amp; c'
    """
    if not _SPECIAL.search(text):
        return text
    if _FORBIDDEN.search(text):
        text = _FORBIDDEN.sub(_REPLACEMENT, text)
    # A bare carriage return would be read as a line feed.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def attribute(text: object) -> str:
    """Return a text for the value of an attribute, without its quotes."""
    return escape(str(text)).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")


def attributes(**values: object) -> str:
    """Return attributes, each with a blank before it; those that are None or empty are left out.

    Examples
    --------
    >>> attributes(name="a", unit="", type_="b")
    ' name="a" type="b"'
    """
    return "".join(
        f' {name.rstrip("_")}="{attribute(value)}"'
        for name, value in values.items()
        if value not in (None, "")
    )


def ascii_only(text: str) -> str:
    """Return a text for a `char` column, in which other characters become question marks."""
    return text if text.isascii() else text.encode("ascii", "replace").decode()
