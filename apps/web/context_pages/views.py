"""Views of a context: its instruments, types and references, and its map."""

from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.catalog.addresses import changes_page
from apps.contexts import queries as contexts
from apps.contexts.citation import citation_of_context
from apps.contexts.errors import InvalidDateContextError, UnknownContextError, UnusableContextError
from apps.contexts.models import Pointer
from apps.core.refusals import refuse
from apps.core.tables import exported
from apps.rules.errors import CrdsError
from apps.rules.lookup.rules_as_rows import Listing
from apps.web.change_pages.new_references import count_new
from apps.web.context_pages import reftype_table as listing
from apps.web.context_pages import requested_context
from apps.web.context_pages.known_rules import rules_of
from apps.web.context_pages.outline import Outline, Reftype, UnknownPartError, find_outline
from apps.web.context_pages.requested_context import RequestedContext, find_requested, neighbours
from apps.web.context_pages.timeline import Timeline, find_timeline

View = Callable[..., HttpResponseBase]
SHOWN = 400  # references in the map
PREVIEW = 50  # rows of a table inside an accordion


def _answers_unknown(view: View) -> View:
    """Answer requests for an unknown context or part with the most similar known ones."""

    @wraps(view)
    def answer(request: HttpRequest, specifier: str, **parts: str) -> HttpResponseBase:
        try:
            return view(request, specifier, **parts)
        except UnknownPartError as exc:
            return _missing(request, specifier, exc, 404, is_part=True)
        except (UnknownContextError, InvalidDateContextError) as exc:
            near = {
                "suggestions": requested_context.suggestions(specifier),
                "other_page": requested_context.other_page(specifier),
            }
            return _missing(request, specifier, exc, 404, **near)
        except UnusableContextError as exc:
            return _missing(request, specifier, exc, 409, is_unusable=True)

    return answer


def _missing(
    request: HttpRequest, specifier: str, error: CrdsError, status: int, **more: object
) -> HttpResponse:
    page = {"specifier": specifier, "reason": str(error), **more}
    return refuse(
        request,
        error,
        status=status,
        code=error.code,
        page=lambda: render(request, "web/context_missing.html", {"page": page}, status=status),
    )


@require_safe
def latest(request: HttpRequest) -> HttpResponse:
    return redirect("web:context_table", specifier=f"{settings.OBSERVATORY}-latest")


@require_safe
@_answers_unknown
def context_table(request: HttpRequest, specifier: str) -> HttpResponse:
    context = find_requested(specifier)
    before, after = neighbours(context.name)
    page = _about(context) | {
        "outline": find_outline(context.name),
        "before": before,
        "after": after,
        "command": f"crds sync --contexts {context.name}",
        "citation": citation_of_context(context.name, settings.PUBLIC_URL),
        "changes": changes_page(before, context.name) if before else "",
    }
    return render(request, "web/context_table.html", {"page": page})


@require_safe
@_answers_unknown
def instrument_table(request: HttpRequest, specifier: str, instrument: str) -> HttpResponse:
    context = find_requested(specifier)
    outline = find_outline(context.name)
    page = _about(context) | {"outline": outline, "instrument": outline.instrument(instrument)}
    if "part" in request.GET:
        return render(request, "web/_instrument_part.html", {"page": page})
    page["new"] = count_new(page["instrument"].name)
    return render(request, "web/instrument_table.html", {"page": page})


@require_safe
@_answers_unknown
def reftype_table(request: HttpRequest, specifier: str, instrument: str, reftype: str) -> HttpResponseBase:
    context = find_requested(specifier)
    outline = find_outline(context.name)
    part = outline.instrument(instrument)
    known = part.reftype(reftype)
    page = _about(context) | {"outline": outline, "instrument": part, "reftype": known}
    if not known.rmap:
        return render(request, "web/reftype_table.html", {"page": page})
    rules = rules_of(known.rmap)
    facts = listing.ReferenceFacts(listing.names_of(rules), instrument=part.name, reftype=known.name)
    label = f"{context.name.removesuffix('.pmap')} {part.name} {known.name}"
    if "part" in request.GET:
        table = listing.table_of(rules, facts, {}, label=label, size=PREVIEW)
        return render(request, "web/_reftype_part.html", {"page": page | {"table": table}})
    table = listing.table_of(rules, facts, request.GET, label=label)
    answer = exported(request, table)
    if answer is not None:
        return answer
    page |= {"table": table, "timeline": _timeline(request, context, part.name, known, rules)}
    return render(request, "web/reftype_table.html", {"page": page})


@require_safe
@_answers_unknown
def context_map(
    request: HttpRequest, specifier: str, instrument: str = "", reftype: str = ""
) -> HttpResponse:
    context = find_requested(specifier)
    outline = find_outline(context.name)
    part = outline.instrument(instrument) if instrument else None
    known = part.reftype(reftype) if part and reftype else None
    references = _references(known)
    page = _about(context) | {
        "outline": outline,
        "instrument": part,
        "reftype": known,
        "references": references[:SHOWN],
        "more": len(references[SHOWN:]),
    }
    return render(request, "web/context_map.html", {"page": page})


def _about(context: RequestedContext) -> dict[str, Any]:
    return {"context": context, "bad": contexts.bad_mappings(context.name)}


def _references(reftype: Reftype | None) -> list[tuple[str, int]]:
    """Return the references of a type with the number of rows of each, sorted by name."""
    if reftype is None or not reftype.rmap:
        return []
    return sorted(Counter(listing.names_of(rules_of(reftype.rmap))).items())


def _timeline(
    request: HttpRequest, context: RequestedContext, instrument: str, reftype: Reftype, rules: Listing
) -> Timeline | None:
    """Return the timeline of a type, with the changes that the edit context would bring."""
    name, other = _edited(context, instrument, reftype)
    return find_timeline(rules, other, request.GET, now=timezone.now(), other_name=name)


def _edited(context: RequestedContext, instrument: str, reftype: Reftype) -> tuple[str, Listing | None]:
    """Return the edit context and its rules for a type; None where they equal those of `context`."""
    edit = contexts.find_pointed(Pointer.EDIT)
    if edit is None or edit == context.name:
        return "", None
    try:
        rmap = _rmap_of(find_outline(edit), instrument, reftype.name)
        return edit, rules_of(rmap) if rmap and rmap != reftype.rmap else None
    except CrdsError:  # The requested context is shown even if the edit context cannot be.
        return "", None


def _rmap_of(outline: Outline, instrument: str, reftype: str) -> str:
    return outline.instrument(instrument).reftype(reftype).rmap
