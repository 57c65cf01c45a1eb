"""Quick looks into files: requested once, made by a worker, and stored under the sha1sum of the bytes.

The job row is the truth about looks that are being made. The finished looks are a cache, which may be deleted
at any time.
"""

from apps.catalog.quick_looks.comparisons import comparison_of, key_of
from apps.catalog.quick_looks.operations import ask_again, ask_for
from apps.catalog.quick_looks.queries import KIND, LookState, Status, picture_path, state_of

__all__ = [
    "KIND",
    "LookState",
    "Status",
    "ask_again",
    "ask_for",
    "comparison_of",
    "key_of",
    "picture_path",
    "state_of",
]
