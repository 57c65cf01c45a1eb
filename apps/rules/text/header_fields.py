"""Fields of the header of a mapping, as the client reads them."""

from collections.abc import Mapping
from typing import Any


def text_field(header: Mapping[str, Any], name: str, default: str) -> str:
    """Return a text of a mapping header in lower case, unless it is a condition in brackets.

    Notes
    -----
    Source: ``LowerCaseDict`` in the client. Therefore ``rmap_omit: 'True'`` never omits: ``true`` is an
    undefined name.

    Examples
    --------
    >>> text_field({"rmap_omit": "True", "x": "(A == 'B')"}, "rmap_omit", "False")
    'true'
    """
    if name not in header:
        return default
    value = header[name]
    if not isinstance(value, str):
        raise TypeError(f"header field {name!r} is not text")
    return value if value.startswith("(") and value.endswith(")") else value.lower()
