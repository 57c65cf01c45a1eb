"""The addresses, with and without a slash at the end."""

from django.urls import URLPattern, re_path
from django.views.generic import RedirectView

from apps.web.file_pages import quick_look_urls, views

urlpatterns: list[URLPattern] = [
    *quick_look_urls.urlpatterns,
    re_path(r"^browse_db/?\Z", views.browse_db, name="browse_db"),
    re_path(r"^browse/?\Z", RedirectView.as_view(url="/browse_db/")),
    re_path(r"^certify_file/(?P<name>[A-Za-z0-9._-]{1,128})/?\Z", views.certify, name="certify_file"),
    re_path(r"^browse/(?P<name>[\s\S]+?)/?\Z", views.file, name="file"),
]
