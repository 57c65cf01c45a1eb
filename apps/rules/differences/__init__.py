"""What differs between two mappings, for the eye and for checks.

`logical_differences` compares the rules of two mappings of one level, `text_differences` their lines,
`changed_mappings` finds the pairs to compare in two contexts, and `warnings_of` says which differences are
unusual.
"""

from apps.rules.differences.changed import ChangedMapping, changed_mappings
from apps.rules.differences.lines import DiffLine, text_differences
from apps.rules.differences.logical import Difference, Differences, logical_differences
from apps.rules.differences.unusual import warnings_of

__all__ = [
    "ChangedMapping",
    "DiffLine",
    "Difference",
    "Differences",
    "changed_mappings",
    "logical_differences",
    "text_differences",
    "warnings_of",
]
