"""Bring values of headers and of match keys into the one spelling in which they are compared."""

from __future__ import annotations

import re

# The shape of a number, written so that no text makes the search slow.
_NUMBER = re.compile(r"[-+]?(?:(?:[0-9]++(?:\.[0-9]++)?|\.[0-9]++)(?:[eE][-+]?[0-9]++)?|[0-9]++\.)")

# Only the last of these must be the whole value: the client anchors its expression on one side only, so that
# N/A-FOO is "do not care" as well.
_DO_NOT_CARE = re.compile(r"-2147483648.0|\(\)|N/A|NOT APPLICABLE|NOT_APPLICABLE\Z")

_OTHER_SPELLINGS = {
    "ANY": "*",
    "4294967295.0": "-1.0",
    "TRUE": "T",
    "FALSE": "F",
}


def condition_value(value: object) -> str:
    """Return the spelling of `value` in which it is compared with others.

    Text becomes upper case without blanks around it, numbers the text of a float, booleans T or F.

    Notes
    -----
    Source: ``condition_value`` in ``crds.core.utils``.

    Examples
    --------
    >>> [condition_value(value) for value in ("foo", 1, "1.", True, "any", "n/a-foo", 4294967295)]
    ['FOO', '1.0', '1.0', 'T', '*', 'N/A', '-1.0']
    """
    text = str(value).strip().upper()
    if _NUMBER.fullmatch(text):
        text = str(float(text))
    if _DO_NOT_CARE.match(text):
        return "N/A"
    return _OTHER_SPELLINGS.get(text, text)
