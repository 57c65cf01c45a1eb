"""The sha1sum of its own text that a mapping states."""

import hashlib

from apps.rules.errors import ChecksumError
from apps.rules.text.parser import parse_mapping


def text_checksum(text: str) -> str:
    r"""Return the sha1sum that a mapping must state: of its text without the lines that mention ``sha1sum``.

    Examples
    --------
    >>> text_checksum("sha1sum: x\n") == hashlib.sha1(b"").hexdigest()
    True
    """
    kept = "".join(line for line in text.splitlines(keepends=True) if "sha1sum" not in line)
    return hashlib.sha1(kept.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def require_checksum(text: str, name: str) -> None:
    """Refuse a mapping whose sha1sum does not match its text. A mapping without sha1sum passes.

    Raises
    ------
    MappingError
        Raised if the text is not a mapping.
    ChecksumError
        Raised if the sha1sum in the header does not match the text.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    stated = parse_mapping(text, name).header.get("sha1sum")
    found = text_checksum(text)
    if stated and stated != found:
        raise ChecksumError(f"{name} states the sha1sum {stated}, but its text has {found}.")
