"""Where files are delivered."""

from django.urls import re_path

from apps.submissions import upload_views

app_name = "submissions"

urlpatterns = [
    re_path(r"^upload/?\Z", upload_views.area, name="area"),
    re_path(r"^upload/chunked/?\Z", upload_views.chunked, name="chunked"),
    re_path(r"^upload/list/?\Z", upload_views.listing, name="listing"),
    re_path(r"^upload/delete/?\Z", upload_views.delete_selected, name="delete_selected"),
    re_path(
        r"^upload/delete/(?P<token>[A-Za-z0-9_-]{1,64})/(?P<name>[A-Za-z0-9._-]{1,128})\Z",
        upload_views.delete,
        name="delete",
    ),
]
