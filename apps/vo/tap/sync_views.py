"""Queries that are run at once."""

from __future__ import annotations

from django.conf import settings
from django.http.response import HttpResponseBase

from apps.vo.answers import stream
from apps.vo.database.running_query import Clock
from apps.vo.service import Call, service
from apps.vo.tap.answering import answer_query
from apps.vo.tap.query_request import query_request

REMEDY = "Ask for less, or run it as a job: send it to the asynchronous endpoint."


@service("GET", "POST")
def sync(call: Call) -> HttpResponseBase:
    query = query_request(call.parameters)
    clock = Clock(settings.TAP_SYNC_SECONDS, REMEDY)
    answer = answer_query(query, reader=call.reader, base=call.base, clock=clock)
    return stream(answer.chunks, content_type=answer.media_type, close=answer.close)
