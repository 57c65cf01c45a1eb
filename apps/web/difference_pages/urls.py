"""The addresses, with and without a slash at the end."""

from django.urls import URLPattern, re_path

from apps.web.difference_pages import views

urlpatterns: list[URLPattern] = [
    re_path(r"^difference/?\Z", views.difference, name="difference"),
    re_path(r"^difference_files/?\Z", views.difference_files, name="difference_files"),
]
