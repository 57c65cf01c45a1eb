"""The addresses of the pages of contexts, each with and without a slash at the end."""

from django.urls import re_path

from apps.core.addresses import both_spellings
from apps.web.context_pages import history_views, views

_CONTEXT = r"(?P<specifier>[^/]{1,200})"
_INSTRUMENT = r"(?P<instrument>[^/]{1,64})"
_TYPE = r"(?P<reftype>[^/]{1,64})"

urlpatterns = [
    *both_spellings(r"display_context_history", history_views.context_history, "context_history"),
    re_path(r"^display_context_history/compare/?\Z", history_views.compare, name="compare"),
    *both_spellings(r"display_all_contexts", history_views.all_contexts, "all_contexts"),
    *both_spellings(r"display_build_contexts", history_views.build_contexts, "build_contexts"),
    re_path(r"^context_table/?\Z", views.latest, name="latest_table"),
    re_path(rf"^context_table/{_CONTEXT}/?\Z", views.context_table, name="context_table"),
    re_path(rf"^context_table/{_CONTEXT}/{_INSTRUMENT}/?\Z", views.instrument_table, name="instrument_table"),
    re_path(
        rf"^context_table/{_CONTEXT}/{_INSTRUMENT}/{_TYPE}/?\Z", views.reftype_table, name="reftype_table"
    ),
    re_path(rf"^context_map/{_CONTEXT}/?\Z", views.context_map, name="context_map"),
    re_path(rf"^context_map/{_CONTEXT}/{_INSTRUMENT}/?\Z", views.context_map, name="instrument_map"),
    re_path(rf"^context_map/{_CONTEXT}/{_INSTRUMENT}/{_TYPE}/?\Z", views.context_map, name="reftype_map"),
]
