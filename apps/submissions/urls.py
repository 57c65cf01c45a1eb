"""Addresses of the pages for uploads, deliveries and submissions."""

from django.urls import re_path

from apps.core.addresses import both_spellings
from apps.submissions.forms import saved_form_views, views
from apps.submissions.pages import history_views, result_views
from apps.submissions.uploads import views as upload_views

app_name = "submissions"

urlpatterns = [
    *both_spellings(r"upload", upload_views.area, "area"),
    *both_spellings(r"upload/chunked", upload_views.chunked, "chunked"),
    *both_spellings(r"upload/list", upload_views.listing, "listing"),
    *both_spellings(r"upload/delete", upload_views.delete_selected, "delete_selected"),
    re_path(
        r"^upload/delete/(?P<token>[A-Za-z0-9_-]{1,64})/(?P<name>[A-Za-z0-9._-]{1,128})\Z",
        upload_views.delete,
        name="delete",
    ),
    re_path(r"^certify/?\Z", views.certify, name="certify"),
    re_path(r"^batch_submit_references/?\Z", views.batch, name="batch"),
    re_path(r"^submission_form/redcat_submit/?\Z", views.extended, name="extended"),
    re_path(r"^submission_form/redcat_description\.yml/?\Z", views.description, name="description"),
    re_path(r"^submission_form/save/?\Z", saved_form_views.save_form, name="export"),
    re_path(r"^submission_form/load/?\Z", saved_form_views.load_form, name="import"),
    re_path(r"^submit/reference/?\Z", views.references, name="references"),
    re_path(r"^submit/mapping/?\Z", views.mappings, name="mappings"),
    re_path(r"^add_references/?\Z", views.add_references, name="add_references"),
    re_path(r"^delete_references/?\Z", views.delete_references, name="delete_references"),
    re_path(r"^display_result/(?P<key>[0-9A-Fa-f-]{1,64})/?\Z", result_views.result, name="result"),
    *both_spellings(r"check_again/(?P<key>[0-9A-Fa-f-]{1,64})", result_views.check_again, "check_again"),
    *both_spellings(r"submission_history", history_views.listing, "history"),
    *both_spellings(
        r"submission_history/(?P<key>[0-9A-Fa-f-]{1,64})", history_views.detail, "history_detail"
    ),
    *both_spellings(r"submit_confirm_pipeline", result_views.decide, "decide"),
]
