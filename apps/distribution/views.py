"""The views that hand out bytes."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from apps.core.errors import NotFoundError
from apps.core.marks import runs_by_itself
from apps.distribution import queries, serving
from apps.distribution.client_package import queries as client_package
from apps.distribution.refusals import PLAIN, refusals_as_text
from apps.distribution.server_info import folder_url


@runs_by_itself
@require_safe
@refusals_as_text
def download(
    request: HttpRequest, name: str, folder: str | None = None, observatory: str | None = None
) -> HttpResponseBase:
    return serving.serve(request, queries.downloadable(name, folder=folder, observatory=observatory))


@runs_by_itself
@require_safe
@refusals_as_text
def config(request: HttpRequest, observatory: str, name: str) -> HttpResponseBase:
    if observatory == settings.OBSERVATORY and name.startswith("definition_"):
        return serving.serve(request, client_package.definition_file(name))
    if observatory == settings.OBSERVATORY and name.endswith(".yaml"):
        return serving.serve(request, queries.definition_version(name))
    make = {"server_config": queries.server_config, "bad_files.txt": queries.bad_files}.get(name)
    if make is None or observatory != settings.OBSERVATORY:
        raise NotFoundError(f"No configuration {name[:128]!r} of {observatory[:32]!r} is published here.")
    return HttpResponse(make(), PLAIN, headers={"Cache-Control": "no-cache"})


@runs_by_itself
@require_safe
@refusals_as_text
def no_pickle(request: HttpRequest) -> HttpResponseBase:
    raise NotFoundError("This server publishes no pickled contexts; clients load the rules themselves.")


@runs_by_itself
@require_safe
@refusals_as_text
def nothing_here(request: HttpRequest, **where: str) -> HttpResponseBase:
    raise NotFoundError(
        "Nothing is published at this address; files are at "
        f"{folder_url('mappings')}<name> and {folder_url('references')}<name>."
    )
