"""The reasons for each chosen or missing reference, as a page, as JSON and as text."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from apps.bestrefs.answers import AnswerRow, rows_of
from apps.bestrefs.explanation_text import as_text
from apps.bestrefs.explanations import Explanation, Search, explain
from apps.bestrefs.questions import Question, of_address
from apps.bestrefs.useafter_timeline import WIDTH, timeline_of
from apps.bestrefs.views import refusal_page
from apps.core.errors import InvalidInputError
from apps.rules.errors import CrdsError


@require_safe
@ensure_csrf_cookie
def why(request: HttpRequest) -> HttpResponseBase:
    sent = request.GET.dict()
    if not sent:
        return redirect("bestrefs:ask")
    try:
        question = _only_one(of_address(sent))
        explanations = explain(question, sent.get("type", ""))
    except CrdsError as exc:
        return refusal_page(request, exc)
    return _answer(request, question, explanations)


def _only_one(questions: list[Question]) -> Question:
    if len(questions) > 1:
        names = ", ".join(question.dataset for question in questions[:5])
        raise InvalidInputError(f"The id names {len(questions)} exposures; ask for one of them: {names}.")
    return questions[0]


def _format(request: HttpRequest) -> str:
    requested = request.GET.get("format", "")
    if requested:
        return requested
    preferred = request.get_preferred_type(["text/html", "application/json", "text/plain"])
    return {"application/json": "json", "text/plain": "text"}.get(preferred or "", "")


def _answer(request: HttpRequest, question: Question, explanations: list[Explanation]) -> HttpResponseBase:
    wanted = _format(request)
    if wanted == "json":
        return JsonResponse(_as_dict(question, explanations), headers={"Vary": "Accept"})
    if wanted == "text":
        text = as_text(question, explanations)
        return HttpResponse(text, content_type="text/plain; charset=utf-8", headers={"Vary": "Accept"})
    if not request.GET.get("type"):
        return render(request, "bestrefs/explain_all.html", {"page": _overview(question, explanations)})
    return render(request, "bestrefs/explain.html", {"page": _page(question, explanations[0])})


def _as_dict(question: Question, explanations: list[Explanation]) -> dict[str, Any]:
    return {
        "context": question.context,
        "instrument": question.instrument,
        "dataset": question.label,
        "parameters": dict(question.parameters),
        "types": [explanation.as_dict() for explanation in explanations],
    }


def _overview(question: Question, explanations: list[Explanation]) -> dict[str, Any]:
    queries = {explanation.reftype: _query(question, explanation.reftype) for explanation in explanations}
    return {
        "question": question,
        "explanations": [(explanation, queries[explanation.reftype]) for explanation in explanations],
        "query": question.query,
        "results": f"{reverse('bestrefs:results')}?{question.query}",
    }


def _page(question: Question, explanation: Explanation) -> dict[str, Any]:
    return {
        "question": question,
        "explanation": explanation,
        "searches": [_search(number, search) for number, search in enumerate(explanation.searches, 1)],
        "row": _row(question, explanation.reftype),
        "query": _query(question, explanation.reftype),
        "all": question.query,
        "results": f"{reverse('bestrefs:results')}?{question.query}",
        "width": WIDTH,
    }


def _query(question: Question, reftype: str) -> str:
    return urlencode({**question.sent, "type": reftype})


def _row(question: Question, reftype: str) -> AnswerRow | None:
    return next((row for row in rows_of(question) if row.reftype == reftype), None)


def _search(number: int, search: Search) -> dict[str, Any]:
    return {
        "number": number,
        "search": search,
        "dates": [(dates, timeline_of(dates)) for dates in search.dates],
    }
