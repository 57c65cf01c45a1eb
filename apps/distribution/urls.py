"""Addresses of files."""

from django.urls import include, path, re_path

from apps.distribution import views

app_name = "distribution"

_FILE = r"(?P<folder>mappings|references)/(?P<observatory>[^/]*)/(?P<name>[^/]*)\Z"

urlpatterns = [
    path("", include("apps.distribution.client_package.urls")),
    re_path(rf"^get/{_FILE}", views.download),
    re_path(rf"^unchecked_get/{_FILE}", views.download, name="file"),
    re_path(r"^unchecked_get/config/(?P<observatory>[^/]*)/(?P<name>[^/]*)\Z", views.config, name="config"),
    re_path(r"^unchecked_get/pickles?/[^/]*/[^/]*\Z", views.no_pickle),
    re_path(r"^get/(?P<name>[^/]+)\Z", views.download, name="any_file"),
    path("unchecked_get/<str:folder>/<str:observatory>/", views.nothing_here, name="folder"),
    re_path(r"^(?:unchecked_get|get)(?:/[\s\S]*)?\Z", views.nothing_here),
]
