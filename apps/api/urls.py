"""The addresses of REST, and of its description."""

from django.urls import URLPattern, path

from apps.api.views import api
from apps.core.marks import changes_nothing

ASKED_BY_POST = {"best_references", "explanations"}  # Names of addresses. Their POST changes nothing.

_paths, _app, _namespace = api.urls
for _path in _paths:
    if isinstance(_path, URLPattern) and _path.name in ASKED_BY_POST:
        changes_nothing(_path.callback)

urlpatterns = [path("api/v1/", (_paths, _app, _namespace))]
