"""The pages that try the rules of an instrument with parameters picked by hand."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_safe

from apps.bestrefs.errors import InstrumentNotInContextError
from apps.bestrefs.exploration import exploration
from apps.bestrefs.forms import InstrumentForm
from apps.contexts import queries as contexts
from apps.contexts.states import ContextChoice
from apps.core.forms import messages_of
from apps.core.marks import changes_nothing
from apps.rules.errors import CrdsError


@changes_nothing
@require_http_methods(["GET", "HEAD", "POST"])
@ensure_csrf_cookie
def choose(request: HttpRequest) -> HttpResponse:
    sent = request.POST if request.method == "POST" else request.GET
    if request.method != "POST" and "instrument" not in sent:
        return _choose(request, InstrumentForm())
    form = InstrumentForm(sent)
    if not form.is_valid():
        return _choose(request, form)
    return redirect("bestrefs:parameters", form.cleaned_data["context"], form.cleaned_data["instrument"])


def _choose(request: HttpRequest, form: InstrumentForm, *, status: int = 200) -> HttpResponse:
    page = {"form": form, "error": "; ".join(messages_of(form))}
    return render(request, "bestrefs/explore.html", {"page": page}, status=status)


@require_safe
@ensure_csrf_cookie
def parameters(request: HttpRequest, context: str, instrument: str) -> HttpResponse:
    sent = request.GET.dict()
    try:
        name = contexts.resolve_pipeline(context)
        is_bad = contexts.get_pmap(name).is_bad
        explored = exploration(name, instrument, sent, now=timezone.now())
    except CrdsError as exc:
        return _no_such(request, context, instrument, exc)
    error = ""
    if "ask" in sent:
        try:
            return redirect(f"{reverse('bestrefs:results')}?{explored.question().query}")
        except CrdsError as exc:
            error = str(exc)
    page = {"form": explored, "error": error, "is_bad": is_bad}
    return render(request, "bestrefs/parameters.html", {"page": page})


def _no_such(request: HttpRequest, context: str, instrument: str, error: CrdsError) -> HttpResponse:
    """Return the choice of context and instrument, for an address that names an unknown one."""
    known = {
        "pmap_mode": ContextChoice.TYPED.value,
        "pmap_text": context[:200],
        "instrument": instrument[:32],
    }
    form = InstrumentForm(known)
    form.full_clean()
    form.errors.clear()
    named = "instrument" if isinstance(error, InstrumentNotInContextError) else "pmap_text"
    form.add_error(named, str(error))
    return _choose(request, form, status=404)
