"""Differences between two mappings, for people to read and for checks.

`logical_differences` compares the rules of two mappings of one level, `text_differences` their lines,
`changed_mappings` finds the pairs to compare in two contexts, and `warnings_of` says which differences are
unusual. `reference_changes` tells which references changed in which match cases. `hunks` adds line
numbers and puts old and new lines side by side.
"""

from apps.rules.differences.contexts import ChangedMapping, changed_mappings
from apps.rules.differences.lines import DiffLine, text_differences
from apps.rules.differences.logical import Difference, Differences, logical_differences
from apps.rules.differences.reference_changes import (
    ChangedReference,
    ChangeKind,
    MatchCase,
    reference_changes,
)
from apps.rules.differences.side_by_side import Hunk, hunks, pages_of
from apps.rules.differences.unusual_changes import warnings_of

__all__ = [
    "ChangeKind",
    "ChangedMapping",
    "ChangedReference",
    "DiffLine",
    "Difference",
    "Differences",
    "Hunk",
    "MatchCase",
    "changed_mappings",
    "hunks",
    "logical_differences",
    "pages_of",
    "reference_changes",
    "text_differences",
    "warnings_of",
]
