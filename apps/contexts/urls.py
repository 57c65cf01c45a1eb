"""Where contexts are set, and files marked bad."""

from django.urls import path

from apps.contexts import bad_file_views, pointer_views

app_name = "contexts"

urlpatterns = [
    path("set_context/", pointer_views.set_context, name="set_context"),
    path("set_context", pointer_views.set_context),
    path("mark_files_bad/", bad_file_views.mark_files_bad, name="mark_files_bad"),
    path("mark_files_bad", bad_file_views.mark_files_bad),
]
