"""The addresses, with and without a slash at the end."""

from django.urls import URLPattern

from apps.core.addresses import both_spellings
from apps.web.difference_pages import picture_views, views

urlpatterns: list[URLPattern] = [
    *both_spellings(r"difference", views.difference, "difference"),
    *both_spellings(r"difference_pictures", picture_views.pictures, "difference_pictures"),
    *both_spellings(r"difference_files", views.difference_files, "difference_files"),
]
