"""The addresses of the help pages."""

from django.urls import path

from apps.core.addresses import both_spellings
from apps.web.help_pages import views, workflow_views

urlpatterns = [
    *both_spellings(r"server_versions", views.server_versions, "server_versions"),
    *both_spellings(r"server_workflow", workflow_views.server_workflow, "server_workflow"),
    *both_spellings(r"docs/cmdline_bestrefs", views.command_line, "command_line"),
    *both_spellings(r"docs/glossary", views.glossary, "glossary"),
    # The client prints this address of a file. No static file has it, so the request arrives here.
    path("static/users_guide/", views.users_guide),
    path("static/users_guide/index.html", views.users_guide, name="users_guide"),
]
