"""Views of the page of one submission and of the decision about it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import User
from apps.core.access import Role, find_actor, with_role
from apps.core.errors import InvalidInputError
from apps.rules.errors import CrdsError
from apps.submissions import operations, queries
from apps.submissions.models import Submission
from apps.submissions.pages.result import page


@require_safe
@never_cache
@ensure_csrf_cookie
def result(request: HttpRequest, key: str) -> HttpResponse:
    return _show(request, queries.get_submission(key))


def _show(request: HttpRequest, submission: Submission, error: str = "") -> HttpResponse:
    actor: User | None = find_actor(request)
    shown = page(submission, actor, levels=request.GET.getlist("level"))
    return render(request, "submissions/result.html", {"page": shown, "error_message": error})


@require_POST
@never_cache
@ensure_csrf_cookie
@with_role(Role.SUBMITTER)
def decide(request: HttpRequest, *, actor: User) -> HttpResponse:
    submission = queries.get_submission(request.POST.get("results_id", ""))
    try:
        _decide(request, submission, actor)
    except CrdsError as exc:
        submission.refresh_from_db()
        return _show(request, submission, str(exc))
    return redirect(submission)


def _decide(request: HttpRequest, submission: Submission, actor: User) -> None:
    button = request.POST.get("button", "")
    if button == "confirm":
        operations.confirm(submission, user=actor)
    elif button == "force":
        operations.force(submission, user=actor)
    elif button == "cancel":
        operations.cancel(submission, user=actor)
    else:
        raise InvalidInputError(f"There is no button {button[:20]!r}; there are confirm, force and cancel.")
