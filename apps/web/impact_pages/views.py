from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.accounts.models import User
from apps.core.access import Role, with_role
from apps.rules.errors import CrdsError
from apps.submissions.queries import get_submission
from apps.web.impact_pages.queries import Impact, ReftypeImpact, impact_between, impact_of, is_large


@require_safe
@never_cache
@with_role(Role.SUBMITTER)
def impact(request: HttpRequest, key: str, *, actor: User) -> HttpResponse:
    submission = get_submission(key)
    found, error = None, ""
    try:
        found = impact_of(submission)
    except CrdsError as exc:
        error = str(exc)
    page = {"submission": submission, "impact": found, "types": _types(found), "error": error}
    return render(request, "web/impact.html", {"page": page})


@require_safe
@never_cache
@with_role(Role.SUBMITTER)
def impact_of_context(request: HttpRequest, old: str, new: str, *, actor: User) -> HttpResponse:
    """Show the exposures that a move from one context to the other changes, before anybody moves."""
    found, error, large = None, "", False
    try:
        large = is_large(old, new)
        found = None if large else impact_between(old, new)
    except CrdsError as exc:
        error = str(exc)
    page = {
        "old": old,
        "new": new,
        "impact": found,
        "types": _types(found),
        "error": error,
        "is_large": large,
        "may_search": actor.has_role(Role.OPERATOR),
    }
    return render(request, "web/impact.html", {"page": page})


def _types(found: Impact | None) -> list[dict[str, object]]:
    return [{"impact": each, "years": _years(each)} for each in found.types] if found else []


def _years(impact: ReftypeImpact) -> list[tuple[str, int, int]]:
    """Return year, number of exposures, and percent of the greatest number."""
    most = max(impact.years.values(), default=1)
    return [(year, number, round(100 * number / most)) for year, number in sorted(impact.years.items())]
