"""The page that marks files bad or OK, in two steps: the second shows the mappings that are tainted."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods

from apps.contexts import operations
from apps.contexts.bad_files.forms import BadFilesForm
from apps.contexts.operations.bad_files import Mark
from apps.core.access import Actor, Role, with_role
from apps.core.errors import DeniedError
from apps.core.forms import messages_of
from apps.rules.errors import CrdsError


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@ensure_csrf_cookie
@with_role(Role.SUBMITTER)
def mark_files_bad(request: HttpRequest, *, actor: Actor) -> HttpResponse:
    if request.method != "POST":
        return _form_page(request, BadFilesForm())
    form = BadFilesForm(request.POST)
    if not form.is_valid() or "back" in request.POST:
        return _form_page(request, form)
    if not form.cleaned_data["is_confirmed"]:
        return _confirm_page(request, form, actor)
    try:
        marks = _mark(form, actor)
    except DeniedError:
        raise
    except CrdsError as exc:
        return _confirm_page(request, form, actor, error=str(exc))
    page = {"is_bad": form.is_bad, "marks": marks}
    return render(request, "contexts/mark_files_bad_done.html", {"page": page})


def _mark(form: BadFilesForm, actor: Actor) -> list[Mark]:
    names, reason, user = form.cleaned_data["names"], form.cleaned_data["reason"], actor.get_username()
    if form.is_bad:
        insists = form.cleaned_data["is_overridden"]
        return operations.mark_bad(names, user=user, reason=reason, is_overridden=insists, actor=actor)
    return operations.mark_good(names, user=user, reason=reason, actor=actor)


def _form_page(request: HttpRequest, form: BadFilesForm) -> HttpResponse:
    page = {"form": form, "error": "; ".join(messages_of(form))}
    return render(request, "contexts/mark_files_bad.html", {"page": page})


def _confirm_page(request: HttpRequest, form: BadFilesForm, actor: Actor, *, error: str = "") -> HttpResponse:
    """Show the effect of the marks, or the form again if the files cannot be marked."""
    preview_of = operations.preview_bad if form.is_bad else operations.preview_good
    try:
        preview = preview_of(form.cleaned_data["names"], actor=actor)
    except DeniedError:
        raise
    except CrdsError as exc:
        form.add_error(None, str(exc))
        return _form_page(request, form)
    page = {"form": form, "is_bad": form.is_bad, "preview": preview, "error": error}
    return render(request, "contexts/mark_files_bad_confirm.html", {"page": page})
