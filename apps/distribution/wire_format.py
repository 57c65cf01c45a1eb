"""Values in the form that clients read: moments as text, large values as packed JSON."""

import base64
import gzip
import json
from datetime import UTC, datetime
from typing import Any

# Higher levels take five times as long and save nothing, because checksums are random digits.
_LEVEL = 3


def timestamp(moment: datetime) -> str:
    """Return a moment as UTC text that sorts by time, with a fraction only if it is not zero.

    Examples
    --------
    >>> timestamp(datetime(2019, 9, 9, 16, 9, 51, tzinfo=UTC))
    '2019-09-09 16:09:51+00:00'
    """
    return moment.astimezone(UTC).isoformat(sep=" ")


def encode(value: Any) -> dict[str, str]:
    """Return a value in the packed form that clients unpack (wire protocol, section 1.4)."""
    return encoded(gzip.compress(json.dumps(value, separators=(",", ":")).encode(), _LEVEL, mtime=0))


def encoded(packed: bytes) -> dict[str, str]:
    """Return the packed form of a value whose JSON is compressed already, in one gzip member or several."""
    return {"crds_encoded": "1.0", "crds_payload": base64.b64encode(packed).decode()}
