"""Free text that people type or that files contain, and that is written to headers, histories and mails.

Source: website specification, section 1.8; ``DESCRIPTION_RE`` in the CRDS client's ``submit/rc_submit.py``.
"""

import re
import unicodedata

from apps.core.errors import InvalidInputError

_OFFENDING = re.compile(r"[^A-Za-z0-9._/,=+\- \n]")
_LISTED = 8  # offending characters that one message names


def clean_reason(text: str) -> str:
    r"""Return a reason or description with plain characters only, without blanks at its ends.

    Characters that word processors insert are replaced by plain ones: dashes of any length by ``-``, spaces
    of any width by a blank, ends of lines by ``\n``, an ellipsis by three periods. Invisible characters, such
    as soft hyphens, are dropped. Quotation marks and apostrophes have no allowed plain form. Curly or
    straight, they are refused and named as they were typed. The permanent text is thus never one that nobody
    wrote.

    Parameters
    ----------
    text
        The text as it was typed or sent.

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
    """Return the plain characters for a character; the character itself if there are none."""
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
    r"""Return the text without NULs, and with ``?`` for half surrogate pairs: databases cannot store these.

    Examples
    --------
    >>> storable("a\0b\ud800")
    'ab?'
    """
    return text.replace("\0", "").encode("utf-8", "replace").decode()
