"""The operations of REST that only read and need no account, and the errors of all."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from ninja import NinjaAPI, Query
from ninja.errors import AuthenticationError, ValidationError

from apps.api import queries, schemas
from apps.api.answers import answered, problem, problem_of
from apps.api.submission_views import router as submissions
from apps.bestrefs import queries as bestrefs
from apps.bestrefs.explanations import explain
from apps.bestrefs.questions import of_header
from apps.catalog.queries import get_file
from apps.catalog.states import FileState
from apps.contexts import queries as contexts
from apps.contexts.models import Pointer
from apps.core.errors import NotFoundError
from apps.core.free_text import storable
from apps.jobs.models import Job
from apps.jobs.queries import require_channel
from apps.rules.errors import CrdsError

MOST = 1000  # items of a page
LONGEST = 200  # characters of a value

api = NinjaAPI(
    title="CRDS",
    version="1",
    description="Rules, files and best references of one observatory. Errors are problem details (RFC 9457).",
    docs_url=None,  # Its pages would load scripts of another site.
    urls_namespace="api",
)
ERRORS = {400: schemas.Problem, 404: schemas.Problem, 422: schemas.Problem}
Text = Query("", max_length=LONGEST)
Types = Query([])


@api.exception_handler(CrdsError)
def _refused(request: HttpRequest, exc: CrdsError) -> HttpResponseBase:
    return problem_of(exc)


@api.exception_handler(Http404)
def _missing(request: HttpRequest, exc: Http404) -> HttpResponseBase:
    return problem(404, "Not found", "There is nothing at this address.", "not_found")


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, exc: ValidationError) -> HttpResponseBase:
    first: Any = exc.errors[0] if exc.errors else {}
    where = ".".join(str(part) for part in first.get("loc", ()))
    return problem(422, "Unprocessable content", f"{where}: {first.get('msg', 'not valid')}", "invalid_input")


@api.exception_handler(AuthenticationError)
def _unknown_caller(request: HttpRequest, exc: AuthenticationError) -> HttpResponseBase:
    text = "Send a token of yours in the header Authorization: Bearer."
    answer = problem(401, "Unauthorized", text, "not_logged_in")
    answer["WWW-Authenticate"] = "Bearer"
    return answer


api.add_router("/submissions", submissions)


@api.get("/server", response={200: schemas.ServerFacts}, summary="The server and its pointers")
def server(request: HttpRequest) -> Any:
    pointers = {str(pointer): contexts.find_pointed(pointer) or "" for pointer in Pointer}
    facts = {"observatory": settings.OBSERVATORY, "version": settings.SERVER_VERSION, "pointers": pointers}
    return answered(request, facts)


@api.get("/files", response={200: schemas.FilePage, **ERRORS}, summary="Files, sorted by name")
def files(
    request: HttpRequest,
    kind: str = Text,
    instrument: str = Text,
    reftype: str = Text,
    state: str = Text,
    name: str = Query("", max_length=LONGEST, description="A name, or a pattern with * ? [a-z]."),
    cursor: str = Text,
    limit: int = Query(100, ge=1, le=MOST),
) -> Any:
    _require_storable(kind, instrument, reftype, state, name, cursor)
    items, following = queries.file_page(
        cursor=cursor, limit=limit, name=name, kind=kind, instrument=instrument, reftype=reftype, state=state
    )
    return answered(request, {"items": items, "next": following})


@api.get("/files/{name}", response={200: schemas.FileFactsOut, **ERRORS}, summary="One file")
def file(request: HttpRequest, name: str) -> Any:
    return answered(request, queries.file_facts(_official(name)))


@api.get("/contexts", response={200: list[schemas.Era]}, summary="The history of the latest context")
def context_history(request: HttpRequest) -> Any:
    rows = contexts.history().values_list("started_at", "context", "reason")
    eras = [{"started_at": at, "context": context, "reason": reason} for at, context, reason in rows]
    return answered(request, eras)


@api.get(
    "/contexts/{context}",
    response={200: schemas.ContextFacts, **ERRORS},
    summary="A context by its name, or by a specifier such as keckao-latest or a date",
)
def context(request: HttpRequest, context: str) -> Any:
    _require_storable(context)
    name = contexts.resolve(context)
    facts = {"name": name, "mappings": sorted(contexts.mapping_names(name))}
    return answered(request, facts, is_immutable=name == context)


@api.get(
    "/mappings/{name}",
    response={200: schemas.MappingFactsOut, **ERRORS},
    summary="A mapping and those below it",
)
def mapping(request: HttpRequest, name: str) -> Any:
    found = _official(name)
    if found.kind != "mapping":
        raise NotFoundError(f"{found.name} is a reference and not a mapping.")
    names = sorted(contexts.mapping_names(found.name))
    return answered(
        request, {"name": found.name, "mappings": names, "url": queries.file_url(found)}, is_immutable=True
    )


@api.post(
    "/best-references",
    response={200: schemas.BestReferences, **ERRORS},
    summary="The best references of one header; nothing is stored",
)
def best_references(request: HttpRequest, question: schemas.HeaderQuestion) -> Any:
    _require_storable(
        question.context or "", *(question.types or ()), *question.header, *question.header.values()
    )
    name = contexts.resolve(question.context)
    found = bestrefs.best_references(name, question.header, question.types)
    return answered(request, {"context": name, "references": found})


@api.post(
    "/explanations",
    response={200: schemas.Explanations, **ERRORS},
    summary="The reasons for the best references of one header; nothing is stored",
)
def explanations(request: HttpRequest, question: schemas.ExplanationQuestion) -> Any:
    _require_storable(
        question.context or "", *(question.types or ()), *question.header, *question.header.values()
    )
    found = of_header(contexts.resolve(question.context), question.header)
    types = explain(found, (question.types or [""])[0])
    facts = {"context": found.context, "instrument": found.instrument}
    return answered(request, facts | {"types": [each.as_dict() for each in types]})


@api.get(
    "/datasets/{dataset_id}/best-references",
    response={200: schemas.DatasetReferences, **ERRORS},
    summary="The best references of an archived dataset",
)
def dataset_references(
    request: HttpRequest, dataset_id: str, context: str = Text, types: list[str] = Types
) -> Any:
    _require_storable(dataset_id, context, *types)
    name = contexts.resolve(context or None)
    found = bestrefs.best_references_by_ids(name, [dataset_id], types or None)
    return answered(
        request, {"context": name, "exposures": {key: value for key, (_, value) in found.items()}}
    )


@api.get(
    "/changes",
    response={200: schemas.ChangePage, **ERRORS},
    summary="Acts on files and contexts, oldest first",
)
def changes(
    request: HttpRequest, after: int = Query(0, ge=0, lt=2**63), limit: int = Query(100, ge=1, le=MOST)
) -> Any:
    items, following = queries.change_page(after=after, limit=limit)
    return answered(request, {"items": items, "next": following})


@api.get("/jobs/{key}", response={200: schemas.JobFacts, **ERRORS}, summary="The job of a channel")
def job(request: HttpRequest, key: str) -> Any:
    channel = require_channel(key)
    found = Job.objects.filter(channel=channel).first()
    status = found.status if found else "waiting"
    return answered(request, {"key": channel.key, "status": status, "messages": channel.last_number})


def _official(name: str) -> Any:
    _require_storable(name)
    found = get_file(name[:LONGEST])
    if found.state == FileState.UPLOADED:
        raise NotFoundError(f"File {found.name!r} is not official yet.")
    return found


def _require_storable(*texts: str) -> None:
    """Refuse characters that databases cannot search for; no name has them."""
    if any(text != storable(text) for text in texts):
        raise NotFoundError("No name has the character NUL, or half of a surrogate pair.")
