"""The address of the search, with and without a slash at the end."""

from django.urls import URLPattern

from apps.core.addresses import both_spellings
from apps.web.search import views

urlpatterns: list[URLPattern] = both_spellings("search", views.search, "search")
