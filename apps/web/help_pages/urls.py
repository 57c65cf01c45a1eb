"""The addresses, with and without a slash at the end."""

from django.urls import re_path

from apps.web.help_pages import views, workflow_views

urlpatterns = [
    re_path(r"^server_versions/?\Z", views.server_versions, name="server_versions"),
    re_path(r"^server_workflow/?\Z", workflow_views.server_workflow, name="server_workflow"),
    re_path(r"^docs/cmdline_bestrefs/?\Z", views.command_line, name="command_line"),
    # The address is that of a file, for clients print it; static files are looked for before it is asked.
    re_path(r"^static/users_guide/(?:index\.html)?\Z", views.users_guide, name="users_guide"),
]
