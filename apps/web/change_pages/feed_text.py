"""Texts in a feed that is written as XML."""

import re

# Characters that XML 1.0 does not permit, and halves of characters, which UTF-8 cannot hold.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def in_feed(text: str) -> str:
    r"""Return a text with a blank for each character that XML forbids.

    One such character would break the feed for everybody.

    Examples
    --------
    >>> in_feed("A\x01new flat")
    'A new flat'
    """
    return _FORBIDDEN.sub(" ", text)
