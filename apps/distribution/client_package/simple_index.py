"""The answers of a package index, as pip reads them: HTML of PEP 503 or JSON of PEP 691."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from django.http import HttpRequest, HttpResponse

HTML = "application/vnd.pypi.simple.v1+html"
JSON = "application/vnd.pypi.simple.v1+json"
_PLAIN_HTML = "text/html"
_VERSION = "1.0"
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta name="pypi:repository-version" content="{version}"><title>{title}</title></head>
<body>
{anchors}</body>
</html>
"""


@dataclass(frozen=True)
class IndexedFile:
    """A package in the index, with the checksum that pip demands of its bytes."""

    name: str
    address: str
    sha256: str
    size: int
    requires_python: str


def normalized(project: str) -> str:
    """Return the name of a project as indexes write it.

    Examples
    --------
    >>> normalized("CRDS_Keckao")
    'crds-keckao'
    """
    return re.sub(r"[-_.]+", "-", project).lower()


def list_of_projects(request: HttpRequest, projects: dict[str, str]) -> HttpResponse:
    """Return the answer with the names of all projects and their addresses."""
    body = {"meta": {"api-version": _VERSION}, "projects": [{"name": name} for name in projects]}
    return _answer(request, "Packages", body, [_anchor(address, name) for name, address in projects.items()])


def list_of_files(request: HttpRequest, project: str, files: Sequence[IndexedFile]) -> HttpResponse:
    """Return the answer with the files of one project."""
    described = [
        {
            "filename": file.name,
            "url": file.address,
            "hashes": {"sha256": file.sha256},
            "requires-python": file.requires_python,
            "size": file.size,
        }
        for file in files
    ]
    body = {"meta": {"api-version": _VERSION}, "name": project, "files": described}
    anchors = [
        _anchor(f"{file.address}#sha256={file.sha256}", file.name, requires_python=file.requires_python)
        for file in files
    ]
    return _answer(request, project, body, anchors)


def _answer(request: HttpRequest, title: str, body: object, anchors: Sequence[str]) -> HttpResponse:
    form = request.get_preferred_type([_PLAIN_HTML, HTML, JSON]) or _PLAIN_HTML
    if form == JSON:
        text = json.dumps(body)
    else:
        form = f"{form}; charset=utf-8"
        text = _PAGE.format(version=_VERSION, title=escape(title), anchors="".join(anchors))
    # pip asks again each time; a new version must be seen at once.
    return HttpResponse(text, form, headers={"Vary": "Accept", "Cache-Control": "no-cache"})


def _anchor(address: str, text: str, *, requires_python: str = "") -> str:
    demand = f' data-requires-python="{escape(requires_python)}"' if requires_python else ""
    return f'<a href="{escape(address)}"{demand}>{escape(text)}</a><br>\n'
