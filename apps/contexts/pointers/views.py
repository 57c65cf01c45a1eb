"""The page on which operators move a pointer to another context."""

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods

from apps.contexts import operations, queries
from apps.contexts.models import ContextChange, Pointer
from apps.contexts.pointers.forms import CUSTOM, SetContextForm, proposed_reason
from apps.core.access import Actor, Role, with_role
from apps.core.forms import messages_of
from apps.rules.errors import CrdsError


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@ensure_csrf_cookie
@with_role(Role.OPERATOR)
def set_context(request: HttpRequest, *, actor: Actor) -> HttpResponse:
    if request.method != "POST":
        return _page(request, SetContextForm(initial=_initial()))
    form = SetContextForm(request.POST)
    if "autogenerate" in request.POST:
        form.autogenerate()
        return _page(request, form)
    if "impact" in request.POST and (move := _move(form)):
        return redirect("web:impact_of_context", *move)
    if not form.is_valid() or "back" in request.POST:
        return _page(request, form)
    # The button of the page asks for a preview. Scripts that post the form move the pointer at once.
    if "preview" in request.POST:
        return _confirm_page(request, form)
    try:
        change = _set(form, user=actor.get_username())
    except CrdsError as exc:
        form.add_error(None, str(exc))
        return _page(request, form)
    return redirect(f"{reverse('contexts:set_context')}?done={change.pk}")


def _move(form: SetContextForm) -> tuple[str, str] | None:
    """Return the contexts before and after the move of a form; None if it names none, or nothing moves."""
    form.is_valid()  # A reason that is missing does not matter yet.
    pointer, context = (form.cleaned_data.get(name, "") for name in ("context_type", "context"))
    before = queries.find_pointed(pointer) if pointer else None
    return (before, context) if before and context and before != context else None


def _initial() -> dict[str, str]:
    """Return the proposal of the form: latest moves to the edit context."""
    edit = queries.find_pointed(Pointer.EDIT) or ""
    return {"context_type": Pointer.LATEST, "reason": proposed_reason(Pointer.LATEST, edit)}


def _set(form: SetContextForm, *, user: str) -> ContextChange:
    cleaned = form.cleaned_data
    return operations.set_context(
        pointer=cleaned["context_type"],
        context=cleaned["context"],
        user=user,
        reason=cleaned["reason"],
        calibration_version=cleaned["version"],
        moves_banner=cleaned["update_banner"],
        is_overridden=cleaned["is_overridden"],
        seen=form.seen_move(cleaned["context_type"]),
    )


def _page(request: HttpRequest, form: SetContextForm) -> HttpResponse:
    current = {pointer.value: queries.find_change(pointer) for pointer in Pointer}
    done = _find_done(request.GET.get("done", ""))
    page = {
        "form": form,
        "error": "; ".join(messages_of(form)),
        "current": current,
        # Not the posted value, because the page shows the contexts of the pointers now.
        "seen": " ".join(f"{name}:{change.pk if change else 0}" for name, change in current.items()),
        "releases": queries.releases(),
        "custom": CUSTOM,
        "banner": queries.banner(),
        "pipelines": queries.pipelines(),
        "done": done,
        "before": _before(done) if done else "",
    }
    return render(request, "contexts/set_context.html", {"page": page})


def _confirm_page(request: HttpRequest, form: SetContextForm) -> HttpResponse:
    """Show what the move will change, and ask to confirm it."""
    cleaned = form.cleaned_data
    pointer, context, version = cleaned["context_type"], cleaned["context"], cleaned["version"]
    build = queries.find_build(version) if pointer == Pointer.BUILD else None
    before = build.context if build else "" if pointer == Pointer.BUILD else queries.find_pointed(pointer)
    page = {
        "form": form,
        "what": f"{pointer} {version}".strip(),
        "pointer": pointer,
        "before": before,
        "context": context,
        "reason": cleaned["reason"],
    }
    return render(request, "contexts/set_context_confirm.html", {"page": page})


def _find_done(key: str) -> ContextChange | None:
    """Return the move that the page has just made, if the address names one."""
    return ContextChange.objects.filter(pk=key).first() if re.fullmatch(r"[0-9]{1,18}", key) else None


def _before(change: ContextChange) -> str:
    """Return the context that the pointer named before a move; empty if that is the same one or none."""
    earlier = ContextChange.objects.filter(pointer=change.pointer, started_at__lt=change.started_at)
    last = earlier.order_by("-started_at", "-pk").values_list("context", flat=True).first()
    return last if last and last != change.context else ""
