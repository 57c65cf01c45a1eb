"""The form that asks for the best references of one dataset, and the answer."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_safe

from apps.bestrefs import exploration
from apps.bestrefs.answers import OMITTED, AnswerRow, commands, rows_of
from apps.bestrefs.bundle import (
    FETCH,
    METALINK,
    TAR,
    bundle_of,
    citation,
    environment_of,
    fetch_script,
    metalink,
    tar_archive,
)
from apps.bestrefs.errors import ArchiveUnreachableError, UnknownDatasetError
from apps.bestrefs.forms import AskForm, filled_with
from apps.bestrefs.questions import MAX_LINK, Question, of_address
from apps.contexts import queries as contexts
from apps.core.addresses import absolute
from apps.core.errors import NotFoundError
from apps.core.forms import messages_of
from apps.core.marks import changes_nothing
from apps.core.refusals import refuse, status_of
from apps.core.tables import Column, Table, exported
from apps.datasets.queries import similar_ids
from apps.rules.errors import CrdsError

URLS = "urls"  # The format of a list of download addresses.


@changes_nothing
@require_http_methods(["GET", "HEAD", "POST"])
@ensure_csrf_cookie
def ask(request: HttpRequest) -> HttpResponseBase:
    sent = request.POST if request.method == "POST" else request.GET
    if request.method != "POST" and not AskForm.is_sent(sent):
        return form_page(
            request, AskForm(initial={name: sent[name] for name in AskForm.base_fields if name in sent})
        )
    form = AskForm(sent)
    if not form.is_valid():
        return form_page(request, form)
    try:
        questions = form.questions()
        if len(questions) > 1:
            return _choice(request, questions)
        address = f"{reverse('bestrefs:results')}?{questions[0].query}"
        return redirect(address) if len(address) <= MAX_LINK else _answer(request, questions[0])
    except CrdsError as exc:
        form.add_error(None, _full_text(exc))
        return form_page(request, form, suggestions=_suggestions(exc, form["dataset_id"].value() or ""))


@require_safe
@ensure_csrf_cookie
def results(request: HttpRequest) -> HttpResponseBase:
    sent = request.GET.dict()
    if not sent:
        return redirect("bestrefs:ask")
    try:
        questions = of_address(sent)
        return _answer(request, questions[0]) if len(questions) == 1 else _choice(request, questions)
    except CrdsError as exc:
        return refusal_page(request, exc)


def refusal_page(request: HttpRequest, error: CrdsError) -> HttpResponse:
    """Return the reason why a question cannot be answered; people get the form filled with the question."""
    status = 503 if isinstance(error, ArchiveUnreachableError) else status_of(error)
    return refuse(
        request,
        _full_text(error),
        status=status,
        code=error.code,
        page=lambda: _page_with_question(request, error),
    )


def _page_with_question(request: HttpRequest, error: CrdsError) -> HttpResponse:
    sent = request.GET.dict()
    form = AskForm(filled_with(sent))
    # The form's own errors would only repeat the reason.
    form.full_clean()
    form.errors.clear()
    form.add_error(None, _full_text(error))
    missing = isinstance(error, NotFoundError)
    return form_page(
        request,
        form,
        suggestions=_suggestions(error, sent.get("dataset", "")),
        status=404 if missing else 200,
    )


def form_page(
    request: HttpRequest,
    form: AskForm,
    *,
    suggestions: list[tuple[str, str]] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Return the page of the form.

    Parameters
    ----------
    suggestions
        Titles and addresses of questions that were perhaps meant.
    """
    page = {"form": form, "error": "; ".join(messages_of(form)), "suggestions": suggestions or []}
    return render(request, "bestrefs/ask.html", {"page": page}, status=status)


def _full_text(error: CrdsError) -> str:
    """Return the text of an error with its details, which the wire does not carry."""
    return f"{error} {error.detail}".strip()


def _suggestions(error: CrdsError, dataset: str) -> list[tuple[str, str]]:
    if not isinstance(error, UnknownDatasetError):
        return []
    address = reverse("bestrefs:ask")
    return [(name, f"{address}?dataset_mode=dataset&dataset_id={name}") for name in similar_ids(dataset)]


def _choice(request: HttpRequest, questions: list[Question]) -> HttpResponse:
    """Return a page on which people choose one exposure of a product; programs get an error with the ids."""
    page = {"questions": questions, "product": questions[0].dataset.split(":")[0]}
    names = ", ".join(question.dataset for question in questions)
    return refuse(
        request,
        f"The id names {len(questions)} exposures; ask for one of them: {names}.",
        status=400,
        code="several_exposures",
        page=lambda: render(request, "bestrefs/exposures.html", {"page": page}),
    )


def _answer(request: HttpRequest, question: Question) -> HttpResponseBase:
    rows = rows_of(question)
    form = request.GET.get("format")
    if form == URLS:
        return _urls(rows)
    if form in (FETCH, METALINK):
        bundle = bundle_of(rows)
        return fetch_script(question, bundle) if form == FETCH else metalink(bundle)
    if form == TAR:
        return tar_archive(bundle_of(rows))
    table = Table(COLUMNS, rows, request.GET.dict(), question.sent, size=0, label="Best references")
    if file := exported(request, table):
        return file
    return render(request, "bestrefs/results.html", {"page": _page(question, rows, table)})


def _page(question: Question, rows: list[AnswerRow], table: Table) -> dict[str, Any]:
    explore = reverse("bestrefs:parameters", args=[question.context, question.instrument])
    shown = list(table.page)
    return {
        "question": question,
        "is_bad": contexts.get_pmap(question.context).is_bad,
        "table": table,
        "bad": [row for row in rows if row.is_bad],
        "found": sum(row.is_reference for row in rows),
        "failures": sum(row.look == "failure" for row in rows),
        # What people came for is first, and what does not apply is folded.
        "answers": [row for looks in (("reference",), ("failure",)) for row in shown if row.look in looks],
        "others": [row for row in shown if row.look in ("na", OMITTED)],
        "open": exploration.open_parameters(question),
        "citation": citation(question, settings.PUBLIC_URL),
        "bundle": bundle_of(rows),
        "environment": environment_of(question, settings.PUBLIC_URL),
        "commands": commands(question, rows),
        "has_link": len(question.query) <= MAX_LINK,
        "explore": f"{explore}?{exploration.address_of(question)}",
        "kept": {name: value for name, value in question.sent.items() if name != "context"},
    }


def _urls(rows: list[AnswerRow]) -> HttpResponse:
    """Return the address of each reference, one a line, for download programs."""
    lines = sorted({f"{absolute(row.download)}\n" for row in rows if row.is_reference})
    return HttpResponse("".join(lines), content_type="text/plain; charset=utf-8")


COLUMNS = (
    Column("type", "Type", lambda row: row.title, sort="type", search="type"),
    Column("reference", "Best Reference", lambda row: row.text, sort="reference", search="reference"),
    Column("status", "Status", lambda row: "bad" if row.is_bad else row.look, sort="status"),
    Column("download", "Download", lambda row: row.download),
    Column("why", "Why", lambda row: f"{reverse('bestrefs:explain')}?{row.why}"),
    Column("size", "Bytes", lambda row: row.size, sort="size"),
    Column("useafter", "Applies from", lambda row: row.useafter_at, sort="useafter"),
)
