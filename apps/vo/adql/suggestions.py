"""Names that are near to a wrong one."""

import difflib
from collections.abc import Iterable


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return the end of a message that proposes near names; a full stop if none is near.

    Examples
    --------
    >>> suggestion("intrument", ["instrument", "name"])
    '; did you mean instrument?'
    """
    near = difflib.get_close_matches(name[:100], list(known), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(near)}?" if near else "."
