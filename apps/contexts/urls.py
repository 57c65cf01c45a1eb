"""Where contexts are set, and files marked bad."""

from django.urls import URLPattern

app_name = "contexts"

urlpatterns: list[URLPattern] = []
