"""The pages of the definition: everybody reads it and its history, operators change it."""

from __future__ import annotations

import difflib
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_safe

from apps.core.access import Actor, Role, find_actor, with_role
from apps.core.errors import DeniedError
from apps.core.forms import messages_of
from apps.observatories import documents, operations
from apps.observatories.definition_outline import outline_of
from apps.observatories.forms import FORMS_BY_NAME, EditForm, WholeTextForm, with_next_version
from apps.observatories.models import DefinitionDraft, DefinitionVersion
from apps.observatories.operations.drafts import failing, require_operator
from apps.observatories.queries import breaks_of, check_failure
from apps.rules.differences.definition_changes import changes_between
from apps.rules.errors import CrdsError
from apps.rules.observatories.definition import Definition
from apps.rules.observatories.definition_lines import DefinitionError

MOST_LINES = 1000  # lines of a difference that a page shows
NUMBERS = range(1, 1 << 31)  # of versions, as databases hold them


@require_safe
@never_cache
def observatory(request: HttpRequest) -> HttpResponse:
    actor = find_actor(request)
    text = documents.text()
    newest = DefinitionVersion.objects.first()
    page = {
        "outline": outline_of(documents.sound(text)),
        "text": text,
        "word": documents.word(),
        "is_overlaid": documents.is_overlaid(),
        "versions": DefinitionVersion.objects.all()[:200],
        "forms": _offered(),
        "may_edit": actor is not None and actor.has_role(Role.OPERATOR),
        "is_by_hand": newest is not None and newest.sha1sum != documents.sha1sum(text),
    }
    return render(request, "observatories/observatory.html", {"page": page})


def _offered() -> dict[str, type[EditForm]]:
    """Return the forms that fit the document, by name."""
    is_overlaid = documents.is_overlaid()
    return {
        name: form for name, form in FORMS_BY_NAME.items() if not (is_overlaid and form.is_for_definitions)
    }


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@ensure_csrf_cookie
@with_role(Role.OPERATOR)
def edit(request: HttpRequest, what: str, *, actor: Actor) -> HttpResponseBase:
    require_operator(actor)
    form_class = _offered().get(what)
    if form_class is None:
        raise Http404("There is no such form.")
    text = documents.text()
    if request.method != "POST":
        beginning = {"base": documents.sha1sum(text), "text": text}
        return _form_page(request, form_class(initial=_beginning(request, form_class, beginning)))
    form = form_class(request.POST)
    if form.is_valid():
        new = text
        try:
            new = _edited(form, text)
            made = operations.propose(new, actor=actor, base=form.cleaned_data["base"])
            return HttpResponseRedirect(made.get_absolute_url())
        except DeniedError:
            raise
        except DefinitionError as exc:
            return _form_page(request, form, mistakes=_quoted(exc, new))
        except ValidationError as exc:
            form.add_error(None, exc)
        except CrdsError as exc:
            form.add_error(None, str(exc))
    return _form_page(request, form)


def _beginning(request: HttpRequest, form_class: type[EditForm], known: dict[str, str]) -> dict[str, str]:
    """Return the first values of a form: what the address names, and the text of the document."""
    named = {name: request.GET[name][:200] for name in form_class.base_fields if name in request.GET}
    return {
        **named,
        "base": known["base"],
        **({"text": known["text"]} if form_class is WholeTextForm else {}),
    }


def _edited(form: EditForm, text: str) -> str:
    """Return the new text. A form with fields also raises the version; whoever edits the text does it."""
    if isinstance(form, WholeTextForm):
        return form.edited(text, documents.in_use())
    document = documents.read(text)
    return with_next_version(form.edited(text, document), document.version)


def _quoted(exc: DefinitionError, text: str) -> list[tuple[int, str, str]]:
    """Return line, text and mistake for each mistake."""
    lines = text.splitlines()
    return [
        (mistake.line, lines[mistake.line - 1][:300] if mistake.line <= len(lines) else "", mistake.text)
        for mistake in exc.mistakes[:100]
    ]


def _form_page(
    request: HttpRequest, form: EditForm, *, mistakes: list[tuple[int, str, str]] | None = None
) -> HttpResponse:
    page = {
        "form": form,
        "fields": [field for field in form if not field.is_hidden],
        "error": "; ".join(messages_of(form)),
        "mistakes": mistakes or [],
        "word": documents.word(),
    }
    return render(request, "observatories/edit.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@ensure_csrf_cookie
@with_role(Role.OPERATOR)
def draft(request: HttpRequest, key: str, *, actor: Actor) -> HttpResponseBase:
    found = get_object_or_404(DefinitionDraft, key=key)
    error, reason = "", request.POST.get("reason", "")
    if request.method == "POST":
        try:
            made = operations.confirm(
                found, actor=actor, reason=reason, is_accepted="is_accepted" in request.POST
            )
            return HttpResponseRedirect(made.get_absolute_url())
        except DeniedError:
            raise
        except CrdsError as exc:
            error = str(exc)
    if found.version is not None:
        return HttpResponseRedirect(found.version.get_absolute_url())
    page = {"draft": found, "error": error, "reason": reason[:2000], **_preview(found)}
    return render(request, "observatories/draft.html", {"page": page})


def _preview(found: DefinitionDraft) -> dict[str, Any]:
    """Return what a draft would do."""
    old_text = documents.text()
    old, new = documents.sound(old_text), documents.read(found.text)
    findings = found.findings or []
    breaks = breaks_of(old, new)
    return {
        "word": documents.word(),
        "is_stale": documents.sha1sum(old_text) != found.base,
        "changes": changes_between(old.plain, new.plain),
        "breaks": breaks,
        "added": _added(old, new),
        "is_checked": found.findings is not None,
        "failure": "" if found.findings is not None else check_failure(found),
        "findings": findings,
        "failing": failing(findings),
        "needs_consent": bool(failing(findings) or breaks),
        "difference": _difference(old_text, found.text),
    }


def _added(old: documents.Document, new: documents.Document) -> list[str]:
    """Return the types that get their first rmap; an overlay adds none."""
    if not (isinstance(old, Definition) and isinstance(new, Definition)):
        return []
    return [
        f"{instrument.name} {kind}"
        for instrument in new.instruments.values()
        for kind in instrument.types
        if instrument.name not in old.instruments or kind not in old.instruments[instrument.name].types
    ]


def _difference(old: str, new: str) -> list[tuple[str, str]]:
    """Return the lines that differ between two texts, each with the class of its colour."""
    colours = {"+": "diff-added", "-": "diff-removed", "@": "muted"}
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), n=2, lineterm="")
    shown = [line for line in lines if not line.startswith(("---", "+++"))][:MOST_LINES]
    return [(colours.get(line[:1], ""), line) for line in shown]


@require_safe
def version(request: HttpRequest, number: int) -> HttpResponse:
    if number not in NUMBERS:
        raise Http404("There is no such version.")
    found = get_object_or_404(DefinitionVersion, number=number)
    others = DefinitionVersion.objects.exclude(pk=found.pk)
    other = _other(request.GET.get("with", ""), found)
    page = {
        "version": found,
        "others": others[:200],
        "other": other,
        "difference": _difference(other.text, found.text) if other else [],
        "word": documents.word(),
    }
    return render(request, "observatories/version.html", {"page": page})


def _other(wanted: str, found: DefinitionVersion) -> DefinitionVersion | None:
    """Return the version to compare with: the one that is asked for, or else the one before."""
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 10:
        return DefinitionVersion.objects.filter(number=int(wanted)).first()
    return DefinitionVersion.objects.filter(number__lt=found.number).first()
