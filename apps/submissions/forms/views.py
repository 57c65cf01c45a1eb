"""Pages to certify and deliver files, to add references to contexts, and to delete references from them."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.models import User
from apps.core import incidents
from apps.core.access import Role, with_role
from apps.core.forms import messages_of
from apps.core.marks import takes_files
from apps.jobs import operations as jobs
from apps.jobs.views import SESSION_KEY
from apps.locks import sessions
from apps.locks.queries import find_held
from apps.rules.errors import CrdsError
from apps.rules.observatories import get_observatory
from apps.submissions import operations, queries
from apps.submissions.errors import UnknownSubmissionError
from apps.submissions.forms import (
    AddForm,
    BatchForm,
    CertifyForm,
    ContextualForm,
    DeleteForm,
    ExtendedForm,
    MappingsForm,
    ReferencesForm,
    prefilled,
    session_lock,
)
from apps.submissions.forms.questions import as_yaml
from apps.submissions.forms.wait_for_checks import hold, is_browser
from apps.submissions.models import Submission
from apps.submissions.states import UPLOADING, Kind
from apps.submissions.uploads import views
from apps.submissions.uploads.handler import Arrival, UploadHandler
from apps.submissions.uploads.receiving import receive

View = Callable[..., HttpResponseBase]

# Certify needs no lock. The extended form takes the lock that it needs by itself.
_LOCKLESS = (Kind.CERTIFY, Kind.EXTENDED)


def _ends_waiting(view: View) -> View:
    """Report to the channel of the session when a POST fails, so that nobody waits there forever."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except Exception as exc:
            if request.method == "POST":
                ours = f"Internal error, incident {incidents.current()}."
                _refuse(request, str(exc) if isinstance(exc, CrdsError) else ours)
            raise

    return wrapper


def _refuse(request: HttpRequest, reason: str) -> None:
    jobs.refuse(request.session.get(SESSION_KEY), reason=reason)


def _form_page(form_class: type[ContextualForm], template: str) -> View:
    """Return the view of one form; a GET sets the CSRF cookie for scripts, a refusal goes to the channel."""

    @require_http_methods(["GET", "HEAD", "POST"])
    @never_cache
    @ensure_csrf_cookie
    @_ends_waiting
    @with_role(Role.SUBMITTER)
    def page(request: HttpRequest, *, actor: User) -> HttpResponse:
        return _answer(request, actor, form_class, template)

    return page


def _upload_page(form_class: type[ContextualForm], template: str) -> View:
    """Return the view of a form of uploaded files.

    Without scripts, the files that were chosen and not yet uploaded come with the form itself. So the form is
    never accepted without them.
    """

    @takes_files
    @csrf_exempt  # `receive` compares the token.
    @require_http_methods(["GET", "HEAD", "POST"])
    @never_cache
    @views.sets_token
    @_ends_waiting
    @with_role(Role.SUBMITTER)
    def page(request: HttpRequest, *, actor: User) -> HttpResponseBase:
        if request.method != "POST":
            return _answer(request, actor, form_class, template)
        handler = UploadHandler(request, owner_id=actor.pk, piece=None)

        def answer(request: HttpRequest, actor: User, arrivals: list[Arrival]) -> HttpResponse:
            return _answer(request, actor, form_class, template, error=views.error_of(arrivals))

        return receive(request, actor, handler, answer)

    return page


certify = _upload_page(CertifyForm, "submissions/certify.html")
batch = _upload_page(BatchForm, "submissions/batch.html")
extended = _upload_page(ExtendedForm, "submissions/extended.html")
references = _upload_page(ReferencesForm, "submissions/references.html")
mappings = _upload_page(MappingsForm, "submissions/mappings.html")
add_references = _form_page(AddForm, "submissions/add_references.html")
delete_references = _form_page(DeleteForm, "submissions/delete_references.html")


@require_safe
def description(request: HttpRequest) -> HttpResponse:
    text = as_yaml(get_observatory(settings.OBSERVATORY))
    return HttpResponse(text, content_type="application/yaml; charset=utf-8")


def _answer(
    request: HttpRequest, actor: User, form_class: type[ContextualForm], template: str, *, error: str = ""
) -> HttpResponse:
    if request.method != "POST" and form_class is ExtendedForm and "copy" in request.GET:
        return _copied(request, actor, request.GET["copy"])
    if request.method != "POST":
        return _page(request, actor, form_class(initial=_beginnings(request, actor)), template)
    form = form_class(request.POST)
    if error:
        form.add_error(None, error)
    if form.is_valid():
        try:
            submission = _start(request, actor, form)
        except CrdsError as exc:
            form.add_error(None, str(exc))
        else:
            hold(request, submission)
            return HttpResponseRedirect(reverse("submissions:result", args=[submission.key]), status=303)
    _refuse(request, _error(form))
    return _page(request, actor, form, template)


def _copied(request: HttpRequest, actor: User, key: str) -> HttpResponse:
    """Return the extended form, filled in from an earlier submission of the same person."""
    try:
        submission = queries.get_submission(key)
    except UnknownSubmissionError as exc:
        return extended_page(request, actor, error=str(exc), status=404)
    if submission.user != actor.get_username():
        return extended_page(request, actor, error="You can only copy your own submissions.", status=403)
    return extended_page(request, actor, filled=prefilled.from_earlier(submission), copied=submission)


def extended_page(
    request: HttpRequest,
    actor: User,
    *,
    filled: prefilled.Filling | None = None,
    copied: Submission | None = None,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    """Return the page of the extended form, empty or filled in, for any view that needs it."""
    initial = {**_beginnings(request, actor), **(filled.values if filled else {})}
    form, template = ExtendedForm(initial=initial), "submissions/extended.html"
    return _page(request, actor, form, template, error=error, filled=filled, copied=copied, status=status)


def _start(request: HttpRequest, actor: User, form: ContextualForm) -> Submission:
    options = replace(form.options(), is_attended=is_browser(request))
    if options.kind == Kind.EXTENDED:
        sessions.take(request, actor, options.instrument)
    channel = request.session.get(SESSION_KEY)
    return operations.start(options, user=actor, lock_key=sessions.key_of(request), channel=channel)


def _beginnings(request: HttpRequest, actor: User) -> dict[str, str]:
    """Return the initial values that depend on the person: the name, and the instrument that they locked."""
    name = actor.get_username()
    held = find_held(name, key=sessions.key_of(request))
    return {"deliverer": name} | ({"instrument": held.instrument} if held else {})


def _error(form: ContextualForm) -> str:
    return "; ".join(messages_of(form))


def _page(
    request: HttpRequest,
    actor: User,
    form: ContextualForm,
    template: str,
    *,
    error: str = "",
    filled: prefilled.Filling | None = None,
    copied: Submission | None = None,
    status: int = 200,
) -> HttpResponse:
    page: dict[str, Any] = {
        "form": form,
        "error": error or _error(form),
        "lock_notice": "" if form.kind in _LOCKLESS else session_lock.notice(request, actor),
        "panel": views.panel(request, actor, form="delivery") if form.kind in UPLOADING else None,
    }
    if page["lock_notice"]:
        page |= {
            "lockable": session_lock.lockable(actor),
            "proposed": session_lock.proposed(request, actor),
        }
    if form.kind == Kind.EXTENDED:
        page |= _helps(actor, filled) | {"copied": copied, "is_filled": form.is_bound or filled is not None}
    return render(request, template, {"page": page, "panel": page["panel"]}, status=status)


def _helps(actor: User, filled: prefilled.Filling | None) -> dict[str, Any]:
    """Return the parts of the page that help to fill in a long form: earlier submissions, a draft, a file."""
    name = actor.get_username()
    address = reverse("submissions:extended")
    return {
        "path": address,
        "action": address,
        "draft": f"{name}:{Kind.EXTENDED}",
        "earlier": prefilled.earlier(name),
        "notices": filled.notices if filled else (),
        "is_doubtful": bool(filled and filled.is_doubtful),
    }
