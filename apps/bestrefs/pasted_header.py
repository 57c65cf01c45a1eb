"""Headers that people paste, or that the page reads from a file.

The text may be the cards of a FITS file, the tree of an ASDF file, JSON, Python dictionaries, the output of
``crds list``, YAML, or lines of ``KEY = value``. Cards and trees are read as the client reads their file.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from apps.bestrefs.pasted_trees import (
    ASDF_START,
    is_literal,
    is_yaml,
    read_asdf,
    read_flat_yaml,
    read_literal,
)
from apps.certify.headers import CARD, read_cards
from apps.core.errors import InvalidInputError

LONGEST = 800_000  # characters: 10,000 cards; the headers of all extensions together have fewer
MAX_VALUE = 2_000  # characters, the limit of the rules
# Opening brackets, commas and lines of a text with a tree. A header of 10,000 keywords has 20,000.
MOST_MARKS = 20_000

# Keywords are up to eight characters, data model paths longer, and HIERARCH keywords have blanks in them.
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,79}")
_HIERARCH = re.compile(r"HIERARCH\s+([A-Za-z0-9_. -]{1,60})$", re.IGNORECASE)
_QUOTED = re.compile(r"'((?:[^']|'')*)'?")
# Possessive: a long row of digits is otherwise tried at each of its digits.
_FORTRAN = re.compile(r"([-+]? *+(?:\d++(?:\.\d*+)?+|\.\d++)) *+[dD] *+([-+]? *+\d++)", re.ASCII)
_COMMENTARY = frozenset({"COMMENT", "HISTORY", "END", ""})
_FITS_START = re.compile(r"(?:SIMPLE  |XTENSION)=", re.MULTILINE)
_FIELD = 8  # characters of a card that hold its keyword


def read_header(text: str) -> dict[str, str]:
    r"""Return upper case keyword to value, in the order of the text.

    If a keyword is given twice, the first value counts, because the first of several headers counts.

    Raises
    ------
    InvalidInputError
        Raised if the text is longer than `LONGEST`, has more parts than `MOST_MARKS`, or cannot be read in
        the form in which it begins.

    Examples
    --------
    >>> read_header("INSTRUME= 'ACS     ' / who took it\nmeta.exposure.type: MIR_IMAGE\nEND")
    {'INSTRUME': 'ACS', 'META.EXPOSURE.TYPE': 'MIR_IMAGE'}
    >>> read_header('{"INSTRUME": "ACS", "CCDGAIN": 2.0}')
    {'INSTRUME': 'ACS', 'CCDGAIN': '2.0'}
    """
    if len(text) > LONGEST:
        raise InvalidInputError(
            f"The header has {len(text):,} characters; at most {LONGEST:,} are read. Keep its first part."
        )
    return {key.upper(): value[:MAX_VALUE] for key, value in _read(text).items() if _KEY.fullmatch(key)}


def _read(text: str) -> dict[str, str]:
    if text.startswith(ASDF_START):
        return read_asdf(_small_tree(text))
    if is_literal(text):
        return read_literal(_small_tree(text))
    text = textwrap.dedent(text.removeprefix("\ufeff"))
    if _FITS_START.search(text):
        return read_cards("".join(_cards(text)))
    found = read_flat_yaml(_small_tree(text)) if is_yaml(text) else None
    return _read_lines(text) if found is None else found


def _small_tree(text: str) -> str:
    """Return a text, or refuse it before it is parsed into a tree that takes a thousand times its size."""
    marks = sum(map(text.count, "[{,\n"))
    if marks > MOST_MARKS:
        raise InvalidInputError(
            f"The header has {marks:,} brackets, commas and lines; at most {MOST_MARKS:,} are read. "
            "Keep the part with the matching parameters."
        )
    return text


def _cards(text: str) -> Iterator[str]:
    """Yield the cards of FITS headers, each with the length it has in a file.

    Cards without an end of line between them are split by their length. The END of a header is left out, so
    that the next header is also read.
    """
    for line in re.split(r"[\r\n]+", text):
        for start in range(0, len(line), CARD):
            card = line[start : start + CARD].ljust(CARD)
            if not re.match(r"END(?![A-Z0-9_-])", card):
                yield card


def _read_lines(text: str) -> dict[str, str]:
    """Return keyword to value of lines that somebody typed or copied from another program.

    Text after a blank and a slash is a comment, unless it is inside quotes. Quotes, and blanks at the end of
    a value, are removed. A long value ends with an ampersand and continues in CONTINUE cards.
    """
    found: dict[str, str] = {}
    going_on = ""
    for line in re.split(r"[\r\n\0]+", text):
        if going_on and line[:_FIELD].upper() == "CONTINUE":
            found[going_on] = found[going_on].removesuffix("&") + _value(line[_FIELD:])
            continue
        going_on = ""
        key, rest = _split(line)
        if key and key not in found:
            found[key] = _value(rest)
            # A value without a CONTINUE card after it keeps its ampersand.
            going_on = key if found[key].endswith("&") else ""
    return found


def _split(line: str) -> tuple[str, str]:
    """Return the keyword of a line and the text after it; the keyword is empty if there is none."""
    found = re.search(r"[=:]", line[:CARD])
    # A card with a blank keyword is a comment, whatever its text.
    if not found or not line[:_FIELD].strip():
        return "", ""
    name = line[: found.start()].strip().strip("\"'")
    if hierarch := _HIERARCH.match(name):
        name = "_".join(hierarch[1].split())
    if name.upper() in _COMMENTARY or not _KEY.fullmatch(name):
        return "", ""
    return name.upper(), line[found.end() :]


def _value(text: str) -> str:
    """Return the value in the text after the keyword of a card.

    Examples
    --------
    >>> [_value(text) for text in (" 'O''HARA  ' / who", "  2.0 / gain", " (A/B)", " 1.5D3 / s")]
    ["O'HARA", '2.0', '(A/B)', '1.5E3']
    """
    text = text.strip()
    if text.startswith("'") and (found := _QUOTED.match(text)):
        return found[1].replace("''", "'").strip()
    value = re.split(r"\s/|^/", text, maxsplit=1)[0].strip().strip('"').strip()
    if fortran := _FORTRAN.fullmatch(value):
        value = f"{fortran[1]}E{fortran[2]}".replace(" ", "")
    return value
