"""Addresses of the pages that set a context or mark files bad."""

from django.urls import path

from apps.contexts.bad_files import views as bad_file_views
from apps.contexts.pointers import views

app_name = "contexts"

urlpatterns = [
    path("set_context/", views.set_context, name="set_context"),
    path("set_context", views.set_context),
    path("mark_files_bad/", bad_file_views.mark_files_bad, name="mark_files_bad"),
    path("mark_files_bad", bad_file_views.mark_files_bad),
]
