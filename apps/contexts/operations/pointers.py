"""What somebody asks of the pointers: each move is a row and an audit record beside it."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.catalog import audit
from apps.catalog import queries as catalog
from apps.catalog.models import Revision
from apps.contexts import queries
from apps.contexts.errors import UnknownContextError, UnknownPipelineError, UnusableContextError
from apps.contexts.history import Era
from apps.contexts.models import ContextChange, Pointer, RemotePipeline
from apps.core.errors import ConflictError, InvalidInputError
from apps.rules.names import is_file_name

TICK = timedelta(microseconds=1)


def set_context(
    *,
    pointer: str,
    context: str,
    user: str,
    reason: str,
    started_at: datetime | None = None,
    calibration_version: str = "",
) -> ContextChange:
    """Let a pointer name a context from now on.

    Parameters
    ----------
    pointer
        ``latest`` (or ``operational``), ``edit``, ``versions`` or ``build``.
    context
        Name of a pmap. That the pointer names it already is no error, and a row all the same.
    user, reason
        For the row and the audit record.
    started_at
        Start of the era, aware; now if not given. It must be later than that of the row before.
    calibration_version
        Version of the calibration software; needed for ``build`` and forbidden otherwise.

    Raises
    ------
    InvalidInputError
        Raised if an argument has no meaning, or `started_at` is not later than the row before.
    UnknownContextError
        Raised if there is no such pmap.
    UnusableContextError
        Raised if the context cannot be loaded or is bad; the message names the culprit.

    Notes
    -----
    Of two calls at once one waits for the other, and starts later than it.
    """
    chosen = _pointer(pointer)
    _require_version(chosen, calibration_version)
    _require_usable(context)
    with transaction.atomic():
        _take_turn()
        change = ContextChange.objects.create(
            pointer=chosen,
            context=context,
            calibration_version=calibration_version,
            started_at=_start(chosen, started_at),
            user=user,
            reason=reason,
        )
        audit.pointer_moved(context, pointer=chosen, user=user, why=reason, details=calibration_version)
    return change


def _pointer(name: str) -> Pointer:
    try:
        return Pointer("latest" if name == "operational" else name)
    except ValueError:
        raise InvalidInputError(
            f"No pointer is called {name[:40]!r}; there are {', '.join(Pointer.values)}."
        ) from None


def _require_version(pointer: Pointer, version: str) -> None:
    if pointer == Pointer.BUILD and not queries.is_version(version):
        raise InvalidInputError(
            f"A build context needs a calibration version such as 1.14.1, not {version[:40]!r}."
        )
    if pointer != Pointer.BUILD and version:
        raise InvalidInputError(f"Only a build context has a calibration version, not {pointer}.")


def _require_usable(context: str) -> None:
    """Refuse what is no pmap, does not load, or contains a bad mapping."""
    if not (is_file_name(context) and context.endswith(".pmap")):
        raise UnknownContextError(f"{context[:128]!r} is not the name of a pipeline context (.pmap).")
    queries.get_context(context)
    members = catalog.files_named(queries.mapping_names(context)).values()
    bad = [member for member in members if member.rejected] or [member for member in members if member.is_bad]
    if bad:
        names = ", ".join(sorted(member.name for member in bad))
        raise UnusableContextError(f"{context} cannot be used: {names} is marked bad.")


def _take_turn() -> None:
    """Wait until no other transaction moves a pointer; the row is written by the audit anyway."""
    Revision.objects.get_or_create(pk=1)
    Revision.objects.select_for_update().get(pk=1)


def _start(pointer: Pointer, wanted: datetime | None) -> datetime:
    """Return when the new era starts, later than the one before."""
    before = queries.find_change(pointer)
    moment = wanted or timezone.now()
    if before is None or moment > before.started_at:
        return moment
    # Two moves within the resolution of the clock are still one after the other.
    if wanted is None and before.started_at - moment < timedelta(seconds=1):
        return before.started_at + TICK
    raise InvalidInputError(
        f"{pointer} names {before.context} since {before.started_at:%Y-%m-%d %H:%M:%S}; "
        "an era cannot start before that."
    )


def push_remote_context(*, key: str, context: str) -> None:
    """Note which context the pipeline that owns a key says it uses.

    Raises
    ------
    UnknownPipelineError
        Raised if no pipeline has this key.
    UnknownContextError
        Raised if there is no such pmap.
    """
    if catalog.find_file(context) is None or not context.endswith(".pmap"):
        raise UnknownContextError(f"Context {context[:128]!r} is not known to this server.")
    changed = RemotePipeline.objects.filter(key_sha256=_digest(key)).update(
        context=context, pushed_at=timezone.now()
    )
    if not changed:
        raise UnknownPipelineError("The key is not that of a pipeline known to this server.")


def create_pipeline(name: str, *, user: str) -> str:
    """Let a pipeline tell its context, and return its key, which is not kept.

    Raises
    ------
    InvalidInputError
        Raised if the name is none.
    ConflictError
        Raised if a pipeline has this name.
    """
    if not is_file_name(name):
        raise InvalidInputError(
            f"{name[:128]!r} is not a pipeline name: 1 to 128 letters, digits, '.', '_' and '-'."
        )
    # A leading hyphen would look like an option on the client's command line.
    key = "k" + secrets.token_urlsafe(32)
    try:
        with transaction.atomic():
            RemotePipeline.objects.create(name=name, key_sha256=_digest(key))
            audit.noted("create pipeline", user=user, details=name)
    except IntegrityError:
        raise ConflictError(
            f"A pipeline {name!r} exists already; its key was shown when it was made."
        ) from None
    return key


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def adopt_eras(eras: Sequence[Era], *, user: str) -> int:
    """Take over eras of latest that another server recorded, and return how many were new."""
    known = set(queries.history().values_list("started_at", "context"))
    fresh = [era for era in eras if (era.started_at, era.context) not in known]
    with transaction.atomic():
        ContextChange.objects.bulk_create(
            ContextChange(
                pointer=Pointer.LATEST,
                context=era.context,
                started_at=era.started_at,
                user=user,
                reason=era.reason,
            )
            for era in fresh
        )
        if fresh:
            audit.noted("import history", user=user, details=f"{len(fresh)} eras")
    return len(fresh)


def adopt_pointer(pointer: Pointer, context: str, *, as_of: datetime, user: str) -> bool:
    """Take over where another server's pointer stood at a moment, unless ours was moved since."""
    with transaction.atomic():
        _take_turn()
        before = queries.find_change(pointer)
        if before is not None and (before.context == context or before.started_at >= as_of):
            return False
        ContextChange.objects.create(
            pointer=pointer,
            context=context,
            # Which version of the software a build context was tied to, server_config does not tell.
            calibration_version="unknown" if pointer == Pointer.BUILD else "",
            started_at=as_of,
            user=user,
            reason="Imported with its catalog.",
        )
        audit.pointer_moved(context, pointer=pointer, user=user, why="Imported with its catalog.")
    return True
