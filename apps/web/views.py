"""Pages that belong to no single app, and the answers when there is no page."""

import structlog
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.web import health as checks
from apps.web import queries
from apps.web.home_links import nearest_services, services


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    page = {"page": queries.home(), "services": services(request.user)}
    return render(request, "web/home.html", page)


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    found = checks.run()
    status = 200 if all(check.is_ok for check in found if check.is_vital) else 503
    return JsonResponse({"checks": [check.as_dict() for check in found]}, status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    word = request.path.rstrip("/").rpartition("/")[2]
    page = {"path": request.path, "word": word, "near": nearest_services(request.path, request.user)}
    return render(request, "web/not_found.html", page, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    incident = structlog.contextvars.get_contextvars().get("request_id", "")
    return render(request, "web/server_error.html", {"incident": incident}, status=500)
