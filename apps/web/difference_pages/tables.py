"""Differences as data tables."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from apps.certify.differences import Section
from apps.core.tables import Column, Table
from apps.rules.differences import Difference, Differences
from apps.web.difference_pages.mapping_differences import ExportedRow
from apps.web.templatetags.differences import linked

SECTION_ROWS = 50


def logical_table(found: Differences, sent: Mapping[str, str], kept: Mapping[str, str]) -> Table:
    """Return the logical differences of two mappings, in the order of the client unless sorted otherwise."""
    columns = [_path_column(at, name) for at, name in enumerate(_unlike(found.columns))]
    columns.append(
        Column(
            "DIFFERENCE",
            "DIFFERENCE",
            lambda row: row.text,
            sort="text",
            search="text",
            text=lambda row: linked(row.text),
        )
    )
    label = f"Logical differences of {found.old} and {found.new}"
    return Table(columns, found.rows, sent, kept=kept, label=label)


def _path_column(at: int, name: str) -> Column:
    def value(row: Difference) -> str:
        return row.path[at]

    # Dates and times are not broken at their hyphens.
    look = "moment" if re.search("DATE|TIME", name) else ""
    return Column(name, name, value, sort="value", search="value", look=look)


def _unlike(names: Sequence[str]) -> list[str]:
    """Return names that are unique as column titles: a repeated name gets a number.

    Examples
    --------
    >>> _unlike(["DETECTOR", "DATE", "DATE"])
    ['DETECTOR', 'DATE', 'DATE (2)']
    """
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def overall_table(rows: Iterable[ExportedRow], sent: Mapping[str, str]) -> Table:
    """Return the logical differences of all mappings of two contexts, for the export."""
    columns = (
        Column("old", "OLD", lambda row: row.old),
        Column("new", "NEW", lambda row: row.new),
        Column("where", "WHERE", lambda row: row.where),
        Column("DIFFERENCE", "DIFFERENCE", lambda row: row.difference.text),
    )
    return Table(columns, list(rows), sent, label="Logical differences")


def section_table(section: Section, number: int, sent: Mapping[str, str], kept: Mapping[str, str]) -> Table:
    """Return the differences in one part of two references."""
    return Table(
        [_section_column(at, name) for at, name in enumerate(section.columns)],
        section.rows,
        sent,
        kept=kept,
        size=SECTION_ROWS,
        label=section.title,
        prefix=f"part{number}_",
    )


def _section_column(at: int, name: str) -> Column:
    def value(row: Any) -> str:
        return str(row[at])

    look = "moment" if name == "WHAT" else ""
    return Column(name.lower(), name, value, sort="value", search="value", look=look)
