"""Template tags that say what a change of pointers or marks would touch, before somebody makes it."""

from typing import Any

from django import template

from apps.bestrefs.reference_uses import ReferenceUse, uses_of
from apps.catalog.queries import find_file
from apps.reprocessing.states import Status
from apps.rules.errors import CrdsError
from apps.rules.naming.file_names import is_mapping
from apps.web.change_pages.context_changes import context_changes
from apps.web.impact_pages.queries import Impact, find_between, impact_between, is_large

register = template.Library()

TYPES = 12  # types that the summary names; the page of the changes has all


@register.inclusion_tag("web/_move_summary.html")
def move_summary(old: str, new: str) -> dict[str, Any]:
    """Return what changes from one context to another: types, references and affected datasets."""
    try:
        found = context_changes(old, new)
    except CrdsError as exc:
        return {"old": old, "new": new, "problem": str(exc)}
    impact = _impact(old, new)
    if impact is not None and not impact.compared and impact.left_out:
        impact = None  # Nothing was compared, which does not mean that nothing is affected.
    exposures = {(each.instrument, each.reftype): each.exposures for each in impact.types} if impact else {}
    lines = [(each, exposures.get((each.instrument, each.reftype))) for each in found.types]
    return {
        "old": old,
        "new": new,
        "totals": found.totals,
        "count": len(lines),
        "lines": lines[:TYPES],
        "hidden": max(0, len(lines) - TYPES),
        "impact": impact,
    }


def _impact(old: str, new: str) -> Impact | None:
    """Return the impact of a move; None if a worker has still to find it, or the rules cannot be read."""
    try:
        if not is_large(old, new):
            return impact_between(old, new)
    except CrdsError:
        return None
    row = find_between(old, new)
    return Impact.from_json(row.result) if row and row.status == Status.COMPLETE else None


@register.inclusion_tag("web/_mark_summary.html")
def mark_summary(name: str) -> dict[str, Any]:
    """Return the type of a file that is to be marked, and the datasets that use it if it is a reference."""
    file = find_file(name)
    uses: list[ReferenceUse] = []
    if file is not None and file.instrument and not is_mapping(name):
        uses = uses_of(name, file.instrument)
    return {"name": name, "file": file, "uses": uses}
