"""Headers as people paste them: cards of a FITS file, or lines of ``KEY = value``.

Whatever the text, reading it neither fails nor takes long: a line that says nothing is read over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from apps.core.errors import InvalidInputError

LONGEST = 400_000  # characters, as of 5,000 cards; the headers of all extensions together have fewer
MAX_VALUE = 2_000  # characters, as the rules accept them
CARD = 80

# Keywords are up to eight characters, data model paths longer, and HIERARCH keywords have blanks in them.
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,79}")
_HIERARCH = re.compile(r"HIERARCH\s+([A-Za-z0-9_. -]{1,60})$", re.IGNORECASE)
_QUOTED = re.compile(r"'((?:[^']|'')*)'?")
_COMMENTARY = frozenset({"COMMENT", "HISTORY", "END", ""})


def read_header(text: str) -> dict[str, str]:
    r"""Return keyword to value, keywords upper case, in the order of the text.

    Of a keyword given twice the first value counts, as of several headers that of the first has it. What
    follows a slash after blank is a comment, unless it is inside quotes; quotes are taken away, and so are
    blanks at the end of a value. A value longer than a card goes on in CONTINUE cards, after an ampersand.

    Raises
    ------
    InvalidInputError
        Raised if the text is longer than `LONGEST`.

    Examples
    --------
    >>> read_header("INSTRUME= 'ACS     ' / who took it\nmeta.exposure.type: MIR_IMAGE\nEND")
    {'INSTRUME': 'ACS', 'META.EXPOSURE.TYPE': 'MIR_IMAGE'}
    """
    if len(text) > LONGEST:
        raise InvalidInputError(
            f"The header has {len(text):,} characters; at most {LONGEST:,} are read. Keep its first part."
        )
    found: dict[str, str] = {}
    going_on = ""
    for line in _lines(text):
        if going_on and line[:8].upper() == "CONTINUE":
            value = _value(line[8:])
            found[going_on] = (found[going_on].removesuffix("&") + value)[:MAX_VALUE]
            continue
        going_on = ""
        key, rest = _split(line)
        if key and key not in found:
            found[key] = _value(rest)[:MAX_VALUE]
            # A value that ends so, without any CONTINUE after it, keeps its ampersand.
            going_on = key if found[key].endswith("&") else ""
    return found


def _lines(text: str) -> Iterator[str]:
    """Yield the lines; cards that follow each other without an end of line are told apart by their length."""
    for line in re.split(r"[\r\n\0]+", text):
        if len(line) > CARD and re.match(r"(SIMPLE  |XTENSION)=", line):
            yield from (line[start : start + CARD] for start in range(0, len(line), CARD))
        else:
            yield line


def _split(line: str) -> tuple[str, str]:
    """Return keyword of a line and what follows it, an empty keyword if it has none."""
    found = re.search(r"[=:]", line[:CARD])
    if not found:
        return "", ""
    name = line[: found.start()].strip().strip("\"'")
    if hierarch := _HIERARCH.match(name):
        name = "_".join(hierarch[1].split())
    if name.upper() in _COMMENTARY or not _KEY.fullmatch(name):
        return "", ""
    return name.upper(), line[found.end() :]


def _value(text: str) -> str:
    """Return what a card says after its keyword.

    Examples
    --------
    >>> _value(" 'O''HARA  ' / who"), _value("  2.0 / gain"), _value(" (A/B)")
    ("O'HARA", '2.0', '(A/B)')
    """
    text = text.strip()
    if text.startswith("'") and (found := _QUOTED.match(text)):
        return found[1].replace("''", "'").strip()
    return re.split(r"\s/|^/", text, maxsplit=1)[0].strip().strip('"').strip()
