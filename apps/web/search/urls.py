"""The addresses, with and without a slash at the end."""

from django.urls import URLPattern, re_path

from apps.web.search import views

urlpatterns: list[URLPattern] = [re_path(r"^search/?\Z", views.search, name="search")]
