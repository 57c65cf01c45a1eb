"""The addresses, with and without a slash at the end."""

from django.urls import URLPattern, re_path
from django.views.generic import RedirectView

from apps.core.addresses import both_spellings
from apps.web.file_pages import quick_look_urls, table_views, views

urlpatterns: list[URLPattern] = [
    *quick_look_urls.urlpatterns,
    *both_spellings(r"browse_db", views.browse_db, "browse_db"),
    re_path(r"^browse/?\Z", RedirectView.as_view(pattern_name="web:browse_db")),
    re_path(r"^certify_file/(?P<name>[A-Za-z0-9._-]{1,128})/?\Z", views.certify, name="certify_file"),
    re_path(r"^tables/(?P<name>[A-Za-z0-9._-]{1,128})/?\Z", table_views.table, name="file_table"),
    re_path(r"^browse/(?P<name>[\s\S]+?)/?\Z", views.file, name="file"),
]
