"""The addresses of REST, and of its description."""

from django.urls import path

from apps.api.views import api

urlpatterns = [path("api/v1/", api.urls)]
