"""Where files are delivered."""

from django.urls import re_path

from apps.submissions.forms import saved_form_views, views
from apps.submissions.pages import history_views, result_views
from apps.submissions.uploads import views as upload_views

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
    re_path(r"^submission_history/?\Z", history_views.listing, name="history"),
    re_path(
        r"^submission_history/(?P<key>[0-9A-Fa-f-]{1,64})/?\Z", history_views.detail, name="history_detail"
    ),
    re_path(r"^submit_confirm_pipeline/?\Z", result_views.decide, name="decide"),
]
