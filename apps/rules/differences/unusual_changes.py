"""Warnings about differences that a new mapping seldom has on purpose.

Notes
-----
Source: ``mapping_check_diffs_core`` in ``crds.diff``; website, section 8.10, row 22.
"""

from __future__ import annotations

import re

from apps.rules.differences.logical import Difference, Differences, Kind
from apps.rules.naming.newer import is_newer, style_of

# One file replaced by one file. Replacements of selectors or of several files have other texts.
_REPLACED = re.compile(r"replaced '(.+)' with '(.+)'")

# The client's order.
_WORDS: dict[Kind, str] = {
    "added_rule": "Rule change at",
    "other_selector": "Different classes at",
    "deleted": "Deletion at",
    "deleted_rule": "Rule change at",
    "other_parkeys": "Different lookup parameters",
}


def warnings_of(differences: Differences) -> tuple[str, ...]:
    """Return the client's warnings about deletions, reversions and changes of rules, but not of headers.

    A reversion replaces a file by one whose name is not newer. If two names have no order, the client warns
    and then fails. We warn and check the rest.

    Examples
    --------
    >>> row = Difference(("darkfile",), "deleted 'x.rmap'", ("x.rmap",), "deleted", (("darkfile",),))
    >>> warnings_of(Differences("keckao_liger_0001.imap", "keckao_liger_0002.imap", ("REFTYPE",), (row,)))
    ("Deletion at ('keckao_liger_0002.imap', ('darkfile',)) deleted 'x.rmap'",)
    """
    warned = [
        f"{words} {_where(row, differences)}"
        for kind, words in _WORDS.items()
        for row in differences.rows
        if row.kind == kind
    ]
    replaced = [row for row in differences.rows if row.kind == "replaced"]
    return (*warned, *(text for row in replaced for text in _of_replacement(row, differences)))


def _of_replacement(row: Difference, differences: Differences) -> tuple[str, ...]:
    match = _REPLACED.fullmatch(row.text)
    where = _where(row, differences)
    if match is None:
        return (f"Unusual replacement {where}",)
    old, new = match.groups()
    newer = is_newer(new, old)
    if newer is None:
        # Two spaces, as in the client.
        return (f"Unhandled name comparison case:  {(style_of(new), style_of(old))!r}",)
    return () if newer else (f"Reversion at {where}",)


def _where(row: Difference, differences: Differences) -> str:
    return f"{(differences.new, *row.steps)!r} {row.text}"
