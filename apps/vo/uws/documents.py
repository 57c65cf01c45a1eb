"""The XML documents of UWS 1.1. One client reads the prefixes as they are written, so they never change."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from django.urls import reverse

from apps.vo.models import QueryJob
from apps.vo.states import Status
from apps.vo.writers.xml_text import attributes, escape

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACES = (
    'xmlns:uws="http://www.ivoa.net/xml/UWS/v1.0" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xsi:schemaLocation="http://www.ivoa.net/xml/UWS/v1.0 http://www.ivoa.net/xml/UWS/v1.0"'
)


def address_of(job: QueryJob) -> str:
    """Return the address of a job, at the origin with which it was created."""
    return job.origin + reverse("vo:job", args=[job.key])


def moment_text(moment: datetime) -> str:
    """Return a moment as clients read it: UTC, with its zone."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def job_document(job: QueryJob) -> str:
    """Return the description of a job; its elements are in the order of the schema."""
    return (
        f'{_HEAD}<uws:job version="1.1" {_NAMESPACES}>\n'
        f"<uws:jobId>{job.key}</uws:jobId>\n"
        f"{_optional('runId', job.run_id)}"
        f"{_nillable('ownerId', job.owner)}"
        f"<uws:phase>{job.status}</uws:phase>\n"
        f"{_nillable('quote', '')}"
        f"<uws:creationTime>{moment_text(job.created_at)}</uws:creationTime>\n"
        f"{_moment('startTime', job.started_at)}{_moment('endTime', job.ended_at)}"
        f"<uws:executionDuration>{job.duration}</uws:executionDuration>\n"
        f"<uws:destruction>{moment_text(job.destroy_at)}</uws:destruction>\n"
        f"{_parameters(job)}{_results(job)}{_error(job)}</uws:job>\n"
    )


def parameters_document(job: QueryJob) -> str:
    """Return the parameters of a job."""
    return _HEAD + _parameters(job, _NAMESPACES)


def results_document(job: QueryJob) -> str:
    """Return the list of results of a job."""
    return _HEAD + _results(job, _NAMESPACES)


def jobs_document(jobs: Iterable[QueryJob], address: str) -> str:
    """Return a list of jobs.

    Parameters
    ----------
    address
        That of the list; the addresses of the jobs begin with it.
    """
    rows = "".join(_reference(job, address) for job in jobs)
    return f'{_HEAD}<uws:jobs version="1.1" {_NAMESPACES}>\n{rows}</uws:jobs>\n'


def _reference(job: QueryJob, address: str) -> str:
    start = attributes(id=job.key) + f' xlink:href="{address}/{job.key}"'
    return (
        f"<uws:jobref{start}><uws:phase>{job.status}</uws:phase>{_optional('runId', job.run_id)}"
        f"{_nillable('ownerId', job.owner)}"
        f"<uws:creationTime>{moment_text(job.created_at)}</uws:creationTime></uws:jobref>\n"
    )


def _optional(name: str, value: str) -> str:
    return f"<uws:{name}>{escape(value)}</uws:{name}>\n" if value else ""


def _nillable(name: str, value: str) -> str:
    return _optional(name, value) or f'<uws:{name} xsi:nil="true"/>\n'


def _moment(name: str, moment: datetime | None) -> str:
    return _nillable(name, moment_text(moment) if moment else "")


def _parameters(job: QueryJob, namespaces: str = "") -> str:
    rows = "".join(
        f"<uws:parameter{attributes(id=name.lower())}>{escape(value)}</uws:parameter>\n"
        for name, value in job.parameters
    )
    return f"<uws:parameters{_with(namespaces)}>\n{rows}</uws:parameters>\n"


def _results(job: QueryJob, namespaces: str = "") -> str:
    row = ""
    if job.status == Status.COMPLETED:
        link = f' xlink:href="{address_of(job)}/results/result"'
        more = attributes(**{"mime-type": job.result_type, "size": job.result_size})
        row = f'<uws:result id="result"{link}{more}/>\n'
    return f"<uws:results{_with(namespaces)}>\n{row}</uws:results>\n"


def _error(job: QueryJob) -> str:
    if job.status != Status.ERROR:
        return ""
    kind = "transient" if job.is_transient else "fatal"
    message = escape(job.error.splitlines()[0] if job.error else "The query failed.")
    return (
        f'<uws:errorSummary type="{kind}" hasDetail="true"><uws:message>{message}</uws:message>'
        "</uws:errorSummary>\n"
    )


def _with(namespaces: str) -> str:
    return f" {namespaces}" if namespaces else ""
