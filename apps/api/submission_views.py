"""Deliveries by REST: read them, start one with the uploaded files, and decide about it.

Callers are known by a token in the ``Authorization`` header. A cookie does not count, because a page of
another site could make a browser send it. A body goes through the form of its kind, so both accept the same.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from ninja import Query, Router

from apps.accounts.models import User
from apps.api import queries, schemas
from apps.api.answers import answered, done
from apps.core.access import Role, find_actor, require_role
from apps.core.errors import ConflictError, InvalidInputError
from apps.core.forms import messages_of
from apps.locks import sessions
from apps.locks.operations import release
from apps.locks.queries import find_held
from apps.rules.errors import CrdsError
from apps.submissions import operations
from apps.submissions.forms import (
    AddForm,
    BatchForm,
    CertifyForm,
    ContextualForm,
    DeleteForm,
    MappingsForm,
    ReferencesForm,
)
from apps.submissions.models import Submission
from apps.submissions.queries import get_submission
from apps.submissions.states import ContextMode, Kind

MOST = 200  # submissions of a page
FORMS: dict[str, type[ContextualForm]] = {
    form.kind: form for form in (BatchForm, ReferencesForm, MappingsForm, CertifyForm, AddForm, DeleteForm)
}
_MODES = {"edit": ContextMode.EDIT, "latest": ContextMode.LATEST}
ERRORS = dict.fromkeys((400, 401, 403, 404, 409, 422), schemas.Problem)


def token_owner(request: HttpRequest) -> User | None:
    """Return the account whose token the header has; None without such a header.

    Raises
    ------
    DeniedError
        Raised if the account or the token lacks the role submitter.
    """
    if getattr(request, "token", None) is None or not request.headers.get("Authorization"):
        return None
    actor: User = find_actor(request)
    require_role(actor, Role.SUBMITTER)
    return actor


router = Router(auth=token_owner, tags=["submissions"])


@router.get("", response={200: schemas.SubmissionPage, **ERRORS}, summary="Submissions, newest first")
def submissions(
    request: HttpRequest,
    instrument: str = Query("", max_length=32),
    status: str = Query("", max_length=10),
    before: int | None = Query(None, ge=1, lt=2**63),
    limit: int = Query(50, ge=1, le=MOST),
) -> Any:
    items, following = queries.submission_page(
        before=before, limit=limit, instrument=instrument, status=status
    )
    return answered(request, {"items": items, "next": following})


@router.post("", response={201: schemas.SubmissionOut, **ERRORS}, summary="Start a submission")
def start(request: HttpRequest, order: schemas.SubmissionOrder) -> Any:
    actor = _actor(request)
    form = FORMS[order.kind](_fields(order))
    if not form.is_valid():
        raise InvalidInputError("; ".join(messages_of(form)))
    options = form.options()
    with _locked(request, actor, "" if options.kind == Kind.CERTIFY else order.instrument):
        submission = operations.start(options, user=actor, lock_key=sessions.key_of(request), channel=None)
    address = reverse("api:submission", args=[submission.key])
    return done(queries.submission_facts(submission), new_at=address)


@contextlib.contextmanager
def _locked(request: HttpRequest, actor: User, instrument: str) -> Iterator[None]:
    """Take the lock of an instrument, and give a new one back if the block raises; nothing if it is empty.

    Raises
    ------
    ConflictError
        Raised if the person holds the lock of another instrument, which this would release.
    """
    if not instrument:
        yield
        return
    held = find_held(actor.get_username(), key=None)
    if held is not None and held.instrument != instrument:
        raise ConflictError(
            f"You hold the lock of {held.instrument}, and this would release it. End its delivery first."
        )
    lock = sessions.take(request, actor, instrument)
    try:
        yield
    except CrdsError:
        if held is None or held.tenure != lock.tenure:
            release(lock)
        raise


def _fields(order: schemas.SubmissionOrder) -> dict[str, str]:
    """Return the fields of the form that an order stands for."""
    mode = _MODES.get(order.context, ContextMode.FIXED)
    fields = {
        "pmap_mode": mode,
        "pmap_name": order.context if mode == ContextMode.FIXED else "",
        "instrument": order.instrument,
        "change_level": order.change_level,
        "description": order.description,
        "auto_rename": str(order.auto_rename),
        "compare_old_reference": str(order.compare_old_reference),
        "generate_contexts": str(order.generate_contexts),
        "names": "\n".join(order.names),
    }
    return fields | ({"creator": order.creator} if order.creator else {})


@router.get(
    "/{key}", response={200: schemas.SubmissionOut, **ERRORS}, summary="One submission", url_name="submission"
)
def submission(request: HttpRequest, key: str) -> Any:
    return answered(request, queries.submission_facts(get_submission(key)))


@router.post(
    "/{key}/confirm", response={200: schemas.SubmissionOut, **ERRORS}, summary="Make its files official"
)
def confirm(request: HttpRequest, key: str) -> Any:
    return _decided(operations.confirm(get_submission(key), user=_actor(request)))


@router.post(
    "/{key}/force",
    response={200: schemas.SubmissionOut, **ERRORS},
    summary="Make its files official although no lock protects it",
)
def force(request: HttpRequest, key: str) -> Any:
    return _decided(operations.force(get_submission(key), user=_actor(request)))


@router.post("/{key}/cancel", response={200: schemas.SubmissionOut, **ERRORS}, summary="Give it up")
def cancel(request: HttpRequest, key: str) -> Any:
    found = get_submission(key)
    operations.cancel(found, user=_actor(request))
    return _decided(found)


def _decided(submission: Submission) -> HttpResponseBase:
    submission.refresh_from_db()
    return done(queries.submission_facts(submission))


def _actor(request: HttpRequest) -> User:
    actor: User = request.auth  # type: ignore[attr-defined]  # Set by ninja to what `token_owner` returned.
    return actor
