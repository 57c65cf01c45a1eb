"""Selection of the typed addresses that a mail may go to."""

import logging
import re
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

logger = logging.getLogger(__name__)

MOST = 50  # recipients of one mail, so that nobody uses this server to send mass mail
_ODD = re.compile(r"[ \"\\<>()\[\],:;]")


def is_address(text: str) -> bool:
    """Return whether this is one plain address: no name, quotes, comments, lists or address literals.

    The standard allows more, but each of these could inject something into a header or a mail server.
    """
    if len(text) > 254 or not text.isprintable() or _ODD.search(text):
        return False
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def usable(addresses: Iterable[str]) -> list[str]:
    """Return the addresses among these texts in their order, each once whatever its case.

    Texts that are not addresses are logged and left out, and so are addresses beyond `MOST`. Empty texts are
    left out without a log line.
    """
    found: dict[str, str] = {}
    for text in filter(None, map(str.strip, addresses)):
        if not is_address(text):
            logger.warning("no mail is sent to %r: it is not a plain address", text[:254])
            continue
        found.setdefault(text.lower(), text)
    if len(found) > MOST:
        logger.warning("a mail has %d recipients; only the first %d get it", len(found), MOST)
    return list(found.values())[:MOST]
