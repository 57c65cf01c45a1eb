"""Views of the page of one submission and of the decision about it."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, ensure_csrf_cookie
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import User
from apps.core.access import Role, find_actor, with_role
from apps.core.errors import InvalidInputError
from apps.core.marks import takes_files
from apps.jobs.views import SESSION_KEY
from apps.locks import sessions
from apps.rules.errors import CrdsError
from apps.submissions import operations, queries
from apps.submissions.errors import NotReadyError
from apps.submissions.forms.wait_for_checks import hold, is_browser
from apps.submissions.models import Submission
from apps.submissions.pages.repair import field_of
from apps.submissions.pages.result import page, page_address
from apps.submissions.states import Kind, Origin
from apps.submissions.uploads import views as upload_views
from apps.submissions.uploads.handler import Arrival, UploadHandler
from apps.submissions.uploads.receiving import receive


@require_safe
@never_cache
@ensure_csrf_cookie
def result(request: HttpRequest, key: str) -> HttpResponse:
    return _show(request, queries.get_submission(key))


def _show(request: HttpRequest, submission: Submission, error: str = "") -> HttpResponse:
    actor: User | None = find_actor(request)
    shown = page(submission, actor, levels=request.GET.getlist("level"))
    panel = (
        upload_views.panel(request, actor, address=page_address(submission))
        if actor and shown["may_repeat"]
        else None
    )
    answer = {"page": shown, "panel": panel, "error_message": error}
    return render(request, "submissions/result.html", answer)


@takes_files
@csrf_exempt  # `receive` compares the token.
@require_POST
@never_cache
@upload_views.sets_token
@with_role(Role.SUBMITTER)
def check_again(request: HttpRequest, key: str, *, actor: User) -> HttpResponseBase:
    """Replace files of a failed submission by those of the form, then check them all again."""
    submission = queries.get_submission(key)
    # Files are stored before the form is read, so others must not get so far.
    try:
        operations.require_repeat(submission, user=actor)
    except NotReadyError as exc:
        return _show(request, submission, str(exc))
    files = submission.files.filter(origin=Origin.UPLOADED)
    replaced = {field_of(file): file.name for file in files}
    handler = UploadHandler(request, owner_id=actor.pk, piece=None, replaced=replaced)

    def answer(request: HttpRequest, actor: User, arrivals: list[Arrival]) -> HttpResponse:
        if error := upload_views.error_of(arrivals):
            return _show(request, submission, error)
        try:
            return redirect(_repeat(request, actor, submission))
        except CrdsError as exc:
            return _show(request, submission, str(exc))

    return receive(request, actor, handler, answer)


def _repeat(request: HttpRequest, actor: User, submission: Submission) -> Submission:
    if submission.kind != Kind.CERTIFY:
        sessions.take(request, actor, submission.instrument)
    repeated = operations.repeat(
        submission,
        user=actor,
        lock_key=sessions.key_of(request),
        channel=request.session.get(SESSION_KEY),
        is_attended=is_browser(request),
    )
    hold(request, repeated)
    return repeated


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
