"""Pages of the impact of new rules. A worker computes it; the pages show what is known and take requests."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import User
from apps.core.access import Role, with_role
from apps.core.errors import ConflictError
from apps.reprocessing.models import RulesImpact
from apps.reprocessing.states import LOOKS, Status
from apps.rules.errors import CrdsError
from apps.submissions.queries import get_submission
from apps.web.context_pages.activity_bars import bars_of_years
from apps.web.impact_pages import operations
from apps.web.impact_pages.queries import (
    Impact,
    ReftypeImpact,
    find_between,
    find_of_submission,
    impact_between,
    is_large,
)


@require_safe
@never_cache
@with_role(Role.SUBMITTER)
def impact(request: HttpRequest, key: str, *, actor: User) -> HttpResponse:
    return _of_submission(request, key)


@require_POST
@never_cache
@with_role(Role.SUBMITTER)
def work_out(request: HttpRequest, key: str, *, actor: User) -> HttpResponseBase:
    """Queue the impact of a submission, and return to its page."""
    try:
        operations.ask_about_submission(get_submission(key), user=actor.get_username())
    except ConflictError as exc:
        return _of_submission(request, key, error=str(exc))
    return redirect("web:impact", key)


def _of_submission(request: HttpRequest, key: str, *, error: str = "") -> HttpResponse:
    submission = get_submission(key)
    page = _stored(find_of_submission(submission)) | {"submission": submission}
    page["may_ask"] = submission.is_alive and not page["is_alive"]
    return _page(request, page, error)


@require_safe
@never_cache
@with_role(Role.SUBMITTER)
def impact_of_context(request: HttpRequest, old: str, new: str, *, actor: User) -> HttpResponse:
    """Show the exposures that a move from one context to the other changes, before anybody moves."""
    return _of_context(request, old, new, actor)


@require_POST
@never_cache
@with_role(Role.OPERATOR)
def work_out_of_context(request: HttpRequest, old: str, new: str, *, actor: User) -> HttpResponseBase:
    """Queue the impact of a move, and return to its page."""
    try:
        operations.ask_about_contexts(old, new, user=actor.get_username())
    except CrdsError as exc:
        return _of_context(request, old, new, actor, error=str(exc))
    return redirect("web:impact_of_context", old, new)


def _of_context(request: HttpRequest, old: str, new: str, actor: User, *, error: str = "") -> HttpResponse:
    page = {"old": old, "new": new} | _stored(None)
    try:
        if is_large(old, new):
            page |= _stored(find_between(old, new))
            page["may_ask"] = actor.has_role(Role.OPERATOR) and not page["is_alive"]
        else:
            page |= {"impact": impact_between(old, new), "is_known": True}
    except CrdsError as exc:
        page["is_known"], error = True, error or str(exc)
    return _page(request, page, error)


def _stored(row: RulesImpact | None) -> dict[str, Any]:
    """Return what a page shows of a stored impact, or of none."""
    is_complete = row is not None and row.status == Status.COMPLETE
    return {
        "row": row,
        "look": LOOKS[Status(row.status)] if row else "",
        "is_alive": row is not None and row.is_alive,
        "is_known": is_complete,
        "may_ask": False,
        "impact": Impact.from_json(row.result) if row and is_complete else None,
    }


def _page(request: HttpRequest, page: dict[str, Any], error: str) -> HttpResponse:
    page |= {"types": _types(page["impact"]), "error": error}
    return render(request, "web/impact.html", {"page": page})


def _types(found: Impact | None) -> list[dict[str, object]]:
    return [_type(each) for each in found.types] if found else []


def _type(impact: ReftypeImpact) -> dict[str, object]:
    title = f"{impact.instrument} {impact.reftype}: affected exposures"
    return {
        "impact": impact,
        "years": sorted(impact.years.items()),
        "chart": bars_of_years(title, impact.years, noun="exposure"),
    }
