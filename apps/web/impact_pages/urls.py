"""The addresses of impacts, with and without a slash at the end."""

from django.urls import URLPattern

from apps.core.addresses import both_spellings
from apps.web.impact_pages import views

urlpatterns: list[URLPattern] = [
    *both_spellings(r"impact/(?P<key>[0-9a-f-]{36})", views.impact, "impact"),
    *both_spellings(r"impact/(?P<key>[0-9a-f-]{36})/work_out", views.work_out, "work_out_impact"),
    *both_spellings(
        r"impact/(?P<old>[A-Za-z0-9._-]{1,128})/(?P<new>[A-Za-z0-9._-]{1,128})/work_out",
        views.work_out_of_context,
        "work_out_impact_of_context",
    ),
    *both_spellings(
        r"impact/(?P<old>[A-Za-z0-9._-]{1,128})/(?P<new>[A-Za-z0-9._-]{1,128})",
        views.impact_of_context,
        "impact_of_context",
    ),
]
