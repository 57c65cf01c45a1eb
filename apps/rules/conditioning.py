"""The one spelling in which values of headers and of match keys are compared."""

from __future__ import annotations

import re

# The shape of a number, written so that no text makes the search slow.
_NUMBER = re.compile(r"[-+]?(?:(?:[0-9]++(?:\.[0-9]++)?|\.[0-9]++)(?:[eE][-+]?[0-9]++)?|[0-9]++\.)")

# Only the last of these must be the whole value. The client anchors its expression on one side only, so
# N/A-FOO also means "do not care".
_DO_NOT_CARE = re.compile(r"-2147483648.0|\(\)|N/A|NOT APPLICABLE|NOT_APPLICABLE\Z")

_OTHER_SPELLINGS = {
    "ANY": "*",
    "4294967295.0": "-1.0",
    "TRUE": "T",
    "FALSE": "F",
}


def condition_value(value: object) -> str:
    """Return `value` in the spelling in which it is compared with others.

    Text becomes upper case and loses the blanks around it. A number becomes the text of a float, a boolean
    T or F.

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
