"""Views of the list of past submissions and of the record of each."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.models import User
from apps.core.access import Role, with_role
from apps.core.filters import PAGE_SIZE
from apps.core.forms import messages_of
from apps.core.marks import changes_nothing
from apps.core.refusals import refuse
from apps.core.tables import Table, exported
from apps.submissions import queries
from apps.submissions.pages.history import COLUMNS, HistoryForm, files, matching_submissions, record
from apps.submissions.states import Kind


@changes_nothing
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@ensure_csrf_cookie
@with_role(Role.SUBMITTER)
def listing(request: HttpRequest, *, actor: User) -> HttpResponseBase:
    sent = request.POST if request.method == "POST" else request.GET
    form = HistoryForm(sent)
    page: dict[str, Any] = {"form": form, "error": "; ".join(messages_of(form))}
    if not form.is_valid():
        return refuse(
            request,
            page["error"],
            status=400,
            page=lambda: render(request, "submissions/history.html", {"page": page}),
        )
    page["table"] = table = Table(
        COLUMNS,
        matching_submissions(form),
        sent,
        kept=form.kept,
        order="-created",
        size=PAGE_SIZE,
        label="Submissions",
    )
    return exported(request, table) or render(request, "submissions/history.html", {"page": page})


@require_safe
@never_cache
@with_role(Role.SUBMITTER)
def detail(request: HttpRequest, key: str, *, actor: User) -> HttpResponse:
    submission = queries.get_submission(key)
    is_own = actor.get_username() == submission.user
    page = {
        "submission": submission,
        "record": record(submission),
        "files": files(submission),
        "may_copy": is_own and submission.kind in (Kind.EXTENDED, Kind.BATCH),
    }
    return render(request, "submissions/history_detail.html", {"page": page})
