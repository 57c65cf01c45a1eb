"""Addresses of the Virtual Observatory services. Both spellings answer; links have no slash at their end."""

from django.urls import re_path

from apps.vo.datalink import views as datalink
from apps.vo.identity import views as identity
from apps.vo.tap import description_views, page_views, sync_views
from apps.vo.uws import views as uws

app_name = "vo"

_JOB = r"^tap/async/(?P<key>[^/]+)"
_LEAF = r"(?P<leaf>phase|executionduration|destruction|quote|owner|parameters|results|error)"

urlpatterns = [
    re_path(r"^tap/?\Z", page_views.tap, name="tap"),
    re_path(r"^tap/sync/?\Z", sync_views.sync, name="sync"),
    re_path(r"^tap/async/?\Z", uws.jobs, name="jobs"),
    re_path(rf"{_JOB}/?\Z", uws.job, name="job"),
    re_path(rf"{_JOB}/{_LEAF}/?\Z", uws.leaf, name="leaf"),
    re_path(rf"{_JOB}/results/result/?\Z", uws.result, name="result"),
    re_path(r"^tap/tables/?\Z", description_views.tables, name="tables"),
    re_path(r"^tap/tables/(?P<table>[^/]+)/?\Z", description_views.table, name="table"),
    re_path(r"^tap/capabilities/?\Z", description_views.capabilities, name="capabilities"),
    re_path(r"^tap/availability/?\Z", description_views.availability, name="availability"),
    re_path(r"^tap/examples/?\Z", description_views.examples, name="examples"),
    re_path(r"^datalink/links/?\Z", datalink.links, name="links"),
    re_path(r"^calselector/v1/associations/?\Z", datalink.associations_of, name="associations"),
    re_path(r"^calselector/v1/explain/?\Z", datalink.explain, name="explain"),
    re_path(r"^dataportal/file/(?P<identifier>[\s\S]+)\Z", datalink.data, name="data"),
    re_path(r"^sso/oidc/token/?\Z", identity.token, name="token"),
    re_path(r"^auth/login/?\Z", identity.login_with_headers, name="login"),
    re_path(r"^rdf/datalink/crds/?\Z", datalink.terms, name="terms"),
    # A program that asks for something else here must not get a page.
    re_path(r"^(?:tap|datalink|calselector|dataportal|sso|auth|rdf)/[\s\S]*\Z", uws.nothing_here),
]
