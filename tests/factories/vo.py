"""Queries that run as jobs; every argument is optional."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from apps.vo.models import QueryJob

QUERY = "SELECT TOP 1 name FROM crds.files"


def make_query_job(*, query: str = QUERY, **fields: Any) -> QueryJob:
    values = {
        "origin": "http://testserver",
        "parameters": [["LANG", "ADQL"], ["QUERY", query]],
        "duration": 60,
        "destroy_at": timezone.now() + timedelta(days=1),
    }
    return QueryJob.objects.create(**(values | fields))


# The facts of a request from nobody, for translations that no database runs.
_NAMES = ("reader", "observatory", "did", "links", "data", "mappings", "references_url", "latest", "edit")
FACTS = {**dict.fromkeys(_NAMES, "''"), "builds": "''", "sees_all": "0"}
