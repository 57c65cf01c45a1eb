"""The page about the client package, the index that pip reads, and the packages themselves."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from apps.catalog.errors import UnknownFileError
from apps.client_package.template.versions import TRIED
from apps.client_package.wheel import REQUIRES_PYTHON
from apps.core.marks import runs_by_itself
from apps.distribution import serving
from apps.distribution.client_package import queries, simple_index
from apps.distribution.client_package.simple_index import IndexedFile, normalized
from apps.distribution.refusals import refusals_as_text


@require_safe
def client(request: HttpRequest) -> HttpResponse:
    wheels = queries.published_wheels()
    page = {
        "distribution": queries.distribution(),
        "newest": wheels[-1] if wheels else None,
        "tried": TRIED,
        "install": queries.install_command(),
        "environment": _environment(),
    }
    return render(request, "distribution/client.html", {"page": page})


@runs_by_itself
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    names = [queries.distribution()] if queries.published_wheels() else []
    addresses = {name: reverse("distribution:client_project", args=[name]) for name in names}
    return simple_index.list_of_projects(request, addresses)


@runs_by_itself
@require_safe
@refusals_as_text
def project(request: HttpRequest, project: str) -> HttpResponseBase:
    name = queries.distribution()
    wheels = queries.published_wheels()
    if not wheels or normalized(project) != name:
        raise UnknownFileError(f"There is no package {project[:128]!r} here.")
    address = reverse("distribution:client_project", args=[name])
    if request.path != address:
        return HttpResponsePermanentRedirect(address)
    return simple_index.list_of_files(request, name, [_indexed(wheel) for wheel in wheels])


@runs_by_itself
@require_safe
@refusals_as_text
def package(request: HttpRequest, wheel: str) -> HttpResponseBase:
    return serving.serve(request, queries.wheel_file(wheel))


def _indexed(wheel: queries.PublishedWheel) -> IndexedFile:
    address = reverse("distribution:client_package", args=[wheel.file.name])
    return IndexedFile(wheel.file.name, address, wheel.sha256, wheel.file.size, REQUIRES_PYTHON)


def _environment() -> str:
    return (
        f"export CRDS_SERVER_URL={settings.PUBLIC_URL}\n"
        f"export CRDS_OBSERVATORY={settings.OBSERVATORY}\n"
        "export CRDS_PATH=$HOME/crds_cache"
    )
