"""Addresses of files."""

from django.urls import re_path

from apps.distribution import views

app_name = "distribution"

urlpatterns = [
    re_path(
        r"^(?:unchecked_get|get)/(?P<folder>mappings|references)/(?P<observatory>[^/]*)/(?P<name>[^/]*)\Z",
        views.download,
        name="file",
    ),
    re_path(r"^unchecked_get/config/(?P<observatory>[^/]*)/(?P<name>[^/]*)\Z", views.config, name="config"),
    re_path(r"^unchecked_get/pickles?/[^/]*/[^/]*\Z", views.no_pickle),
    re_path(r"^get/(?P<name>[^/]+)\Z", views.download, name="any_file"),
    re_path(r"^(?:unchecked_get|get)(?:/[\s\S]*)?\Z", views.nothing_here),
]
