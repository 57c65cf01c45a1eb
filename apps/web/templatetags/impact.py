"""Template tag that says in one line which datasets the rules of a submission would affect."""

from django import template

from apps.reprocessing.states import Status
from apps.submissions.models import Submission
from apps.web.impact_pages.queries import Impact, find_of_submission

register = template.Library()


@register.simple_tag
def impact_line(submission: Submission) -> str:
    """Return the impact of a submission as a sentence; one that is not known yet says so."""
    row = find_of_submission(submission)
    if row is None or row.is_alive:
        return "The datasets that these rules would affect are not worked out yet."
    if row.status != Status.COMPLETE:
        return "The datasets that these rules would affect could not be worked out."
    found = Impact.from_json(row.result)
    rest = f" {found.left_out} others are not included." if found.left_out else ""
    compared = f"among {found.compared} exposure{'' if found.compared == 1 else 's'}.{rest}"
    if not found.exposures:
        return f"No reference would change {compared}"
    return f"{found.products} product{'' if found.products == 1 else 's'} would be affected {compared}"
