"""Addresses of JSON-RPC."""

from django.urls import re_path

from apps.rpc import console_views, views

app_name = "rpc"

# The client appends method and id for the log. Both may hold any character, even a line break.
urlpatterns = [
    re_path(r"^json/browse/?\Z", console_views.browse, name="console"),
    re_path(r"^json(?:/[\s\S]*)?\Z", views.json_rpc, name="json"),
]
