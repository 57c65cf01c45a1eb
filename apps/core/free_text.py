"""Free text that people type or files tell, and that ends in headers, histories and mails.

Source: website specification, section 1.8; ``DESCRIPTION_RE`` in the CRDS client's ``submit/rc_submit.py``.
"""

import re
import unicodedata

from apps.core.errors import InvalidInputError

_OFFENDING = re.compile(r"[^A-Za-z0-9._/,=+\- \n]")
_LISTED = 8  # offending characters that one message names


def clean_reason(text: str) -> str:
    r"""Return a reason or description with plain characters only, without blanks at its ends.

    What word processors put in the place of plain characters is put back: dashes of any length become ``-``,
    spaces of any width a blank, ends of lines ``\n``, an ellipsis three periods; characters that nobody sees,
    such as soft hyphens, are dropped. Quotation marks and apostrophes have no plain form that is allowed:
    curly or straight they are refused, and named as they were typed, so that what is kept for ever is never a
    text that nobody wrote.

    Parameters
    ----------
    text
        As it was typed or sent.

    Returns
    -------
    Letters and digits of ASCII, blanks, ``\n`` and ``. _ / , = - +``; empty if nothing was typed.

    Raises
    ------
    InvalidInputError
        Raised if any other character is left; the message names each.

    Examples
    --------
    >>> clean_reason(" Darks \u2013 cycle\xa03, see\u2026 ")
    'Darks - cycle 3, see...'
    """
    lines = "".join(map(_plain, text)).splitlines()
    plain = "\n".join(re.sub(r"\s", " ", line) for line in lines).strip()
    if offending := list(dict.fromkeys(_OFFENDING.findall(plain))):
        names = " ".join(map(_name, offending[:_LISTED]))
        raise InvalidInputError(
            f"Invalid character detected: {names} - only unaccented letters, digits, white space "
            "and . _ / , = - + are allowed."
        )
    return plain


def _plain(character: str) -> str:
    """Return what stands for a character on every keyboard; itself if there is nothing."""
    if character == "\N{HORIZONTAL ELLIPSIS}":
        return "..."
    category = unicodedata.category(character)
    if category == "Pd" or character == "\N{MINUS SIGN}":
        return "-"
    return "" if category == "Cf" else character


def _name(character: str) -> str:
    """Return a character in quotation marks, by its code if it cannot be seen."""
    return f'"{character}"' if character.isprintable() else f'"U+{ord(character):04X}"'


def storable(text: str) -> str:
    r"""Return the text without what no database keeps: zeros and halves of characters.

    Examples
    --------
    >>> storable("a\0b\ud800")
    'ab?'
    """
    return text.replace("\0", "").encode("utf-8", "replace").decode()
