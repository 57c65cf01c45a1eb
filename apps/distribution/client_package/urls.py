"""The addresses of the client package."""

from django.urls import path, re_path

from apps.core.addresses import both_spellings
from apps.distribution.client_package import views

urlpatterns = [
    *both_spellings(r"client", views.client, "client"),
    path("client/simple/", views.index, name="client_index"),
    *both_spellings(r"client/simple/(?P<project>[A-Za-z0-9._-]+)", views.project, "client_project"),
    re_path(r"^client/packages/(?P<wheel>[^/]+)\Z", views.package, name="client_package"),
]
