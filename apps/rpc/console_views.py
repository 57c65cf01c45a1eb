"""The page of the JSON-RPC console, for sites that offer it."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods

from apps.core.marks import changes_nothing
from apps.rpc import console
from apps.rpc.budgets import limits


@changes_nothing
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@ensure_csrf_cookie
def browse(request: HttpRequest) -> HttpResponse:
    """Show the methods, and call one on POST, which keeps the parameters out of logs and links."""
    if not settings.JSON_CONSOLE:
        raise Http404
    sent = request.POST if request.method == "POST" else request.GET
    known = console.entries()
    chosen = next((one for one in known if one.name == sent.get("method")), None)
    page: dict[str, Any] = {
        "methods": known,
        "limits": limits(),
        "chosen": chosen,
        "params": sent.get("params", "[]"),
    }
    if sent.get("method") and chosen is None:
        page["error"] = f"This server has no method {sent['method'][:100]!r}."
    elif request.method == "POST" and chosen is not None:
        page |= _called(chosen, page["params"])
    return render(request, "rpc/console.html", {"page": page})


def _called(chosen: console.Entry, params: str) -> dict[str, str]:
    if not chosen.is_callable:
        return {
            "error": f"{chosen.name} changes something. The console calls only methods that change nothing."
        }
    try:
        request, answer = console.call(chosen.name, params)
    except (ValueError, RecursionError) as exc:
        return {"error": f"The parameters must be a list or an object of JSON: {exc}"}
    return {"request": request, "answer": answer}
