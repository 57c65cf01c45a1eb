"""Which of the addresses that people typed a mail may go to."""

import logging
import re
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

logger = logging.getLogger(__name__)

MOST = 50  # Recipients of one mail; nobody shall write to half the world through us.
_ODD = re.compile(r"[ \"\\<>()\[\],:;]")


def is_address(text: str) -> bool:
    """Tell whether this is one plain address: no name, quotes, comments, lists or address literals.

    The standard allows more, and all of it is a way to say something else to a header or a mail server.
    """
    if len(text) > 254 or not text.isprintable() or _ODD.search(text):
        return False
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def usable(addresses: Iterable[str]) -> list[str]:
    """Return the addresses among these texts, each once in whatever case, in their order.

    What is none is logged and left out, and so is what exceeds `MOST`; empty texts go without a word.
    """
    found: dict[str, str] = {}
    for text in filter(None, map(str.strip, addresses)):
        if not is_address(text):
            logger.warning("no mail goes to %r, which is no plain address", text[:254])
            continue
        found.setdefault(text.lower(), text)
    if len(found) > MOST:
        logger.warning("a mail has %d recipients; only the first %d get it", len(found), MOST)
    return list(found.values())[:MOST]
