"""The list of past submissions, and the record of each."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_safe

from apps.core.access import role_required
from apps.core.filters import page_of
from apps.core.forms import messages_of
from apps.submissions import queries
from apps.submissions.history import HistoryForm, deliverer, files, matching_submissions, record


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@ensure_csrf_cookie
@role_required("submitter")
def listing(request: HttpRequest) -> HttpResponse:
    sent = request.POST if request.method == "POST" else request.GET
    form = HistoryForm(sent)
    shown = page_of(matching_submissions(form), sent) if form.is_valid() else None
    page = {
        "form": form,
        "error": "; ".join(messages_of(form)),
        "shown": shown,
        "rows": [(submission, deliverer(submission)) for submission in shown or ()],
    }
    return render(request, "submissions/history.html", {"page": page})


@require_safe
@never_cache
@role_required("submitter")
def detail(request: HttpRequest, key: str) -> HttpResponse:
    submission = queries.get_submission(key)
    page = {"submission": submission, "record": record(submission), "files": files(submission)}
    return render(request, "submissions/history_detail.html", {"page": page})
