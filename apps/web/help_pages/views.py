"""Views of the help pages and of the server versions."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.contexts import queries as contexts
from apps.contexts.models import Pointer
from apps.core.tables import Column, Table, exported
from apps.distribution.client_package import queries as client_package
from apps.web.help_pages import versions
from apps.web.help_pages.glossary import glossary_page

_COLUMNS = (
    Column("package", "Package", lambda row: row[0], sort="package", search="package"),
    Column("version", "Version", lambda row: row[1], look="code"),
)


@require_safe
def server_versions(request: HttpRequest) -> HttpResponseBase:
    table = Table(_COLUMNS, versions.versions(), request.GET, size=0, label="Server versions")
    if request.GET.get("format") == "text":
        lines = (f"{name} {version}\n" for name, version in versions.versions())
        return HttpResponse("".join(lines), content_type="text/plain; charset=utf-8")
    return exported(request, table) or render(request, "web/server_versions.html", {"table": table})


@require_safe
def command_line(request: HttpRequest) -> HttpResponse:
    page = {**_example(), "install": client_package.install_command()}
    return render(request, "web/command_line.html", {"page": page})


@require_safe
def users_guide(request: HttpRequest) -> HttpResponse:
    return render(request, "web/users_guide.html", {"page": _example()})


@require_safe
def glossary(request: HttpRequest) -> HttpResponse:
    return render(request, "web/glossary.html", {"page": glossary_page()})


def _example() -> dict[str, str]:
    """Return the context that the texts use as an example: the latest one, if there is any."""
    context = contexts.find_pointed(Pointer.LATEST) or f"{settings.OBSERVATORY}_0001.pmap"
    return {"context": context, "set_context": f"export CRDS_CONTEXT={context}"}
