"""Operations on the pointers: each move is a row and an audit record."""

import hashlib
import logging
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.catalog import audit
from apps.catalog import queries as catalog
from apps.catalog.ledger_lock import lock_ledger
from apps.catalog.models import Action
from apps.contexts import queries
from apps.contexts.availability import bad_names, closure, unavailable_names, unknown_names
from apps.contexts.context_chooser import is_newer_banner
from apps.contexts.errors import UnknownContextError, UnknownPipelineError, UnusableContextError
from apps.contexts.models import ContextChange, Pointer, RemotePipeline
from apps.contexts.operations.file_states import follow_latest
from apps.contexts.server_config import LatestPeriod
from apps.core.errors import ConflictError, InvalidInputError
from apps.rules.naming.file_names import is_file_name

logger = logging.getLogger(__name__)

TICK = timedelta(microseconds=1)
LISTED = 10  # names of files in one message


@dataclass(frozen=True, slots=True)
class _Move:
    """A move of a pointer that somebody asks for; `set_context` explains its values."""

    pointer: Pointer
    context: str
    user: str
    reason: str
    started_at: datetime | None = None
    calibration_version: str = ""
    moves_banner: bool = False


def set_context(
    *,
    pointer: str,
    context: str,
    user: str,
    reason: str,
    started_at: datetime | None = None,
    calibration_version: str = "",
    moves_banner: bool = False,
    is_overridden: bool = False,
    seen: int | None = None,
) -> ContextChange:
    """Move a pointer to a context.

    A move of latest also changes the states of files: the files of the context become ``latest``, and files
    that left it get back the state that they have in the archive.

    Parameters
    ----------
    pointer
        ``latest`` (or ``operational``), ``edit``, ``versions`` or ``build``.
    context
        Name of a pmap. If the pointer names it already, that is not an error, and a row is written.
    user, reason
        For the row and the audit record.
    started_at
        Start of the era, aware; now if not given. It must be later than that of the row before.
    calibration_version
        Version of the calibration software; needed for ``build`` and forbidden otherwise.
    moves_banner
        Show this build context on the home page, unless it shows a newer one.
    is_overridden
        Allow a context to be latest although people cannot get all its files.
    seen
        Key of the last move that the caller has seen, 0 if there was none; not compared if not given.

    Raises
    ------
    InvalidInputError
        Raised if an argument has no meaning, or `started_at` is not later than the row before.
    UnknownContextError
        Raised if there is no such pmap, or it is not confirmed.
    UnusableContextError
        Raised if the context cannot be loaded or has a bad mapping; for latest also if it has a bad reference
        or a file that is not available; for versions also if it cannot translate versions. The message names
        the culprit.
    ConflictError
        Raised if somebody else has moved the pointer since `seen`.

    Notes
    -----
    If there are two calls at once, one waits for the other, and its era starts later.
    """
    move = _Move(as_pointer(pointer), context, user, reason, started_at, calibration_version, moves_banner)
    _require_sense(move)
    # This takes time. It is done before the lock is taken, so that nobody has to wait.
    files = _require_loadable(move.pointer, context)
    unknown = unknown_names(files)
    with transaction.atomic():
        lock_ledger()
        _require_seen(move.pointer, seen)
        _require_good(context, files)
        if move.pointer == Pointer.LATEST and not is_overridden:
            _require_available(context, unknown | unavailable_names().intersection(files))
        change = _write(move)
        if move.pointer == Pointer.LATEST:
            follow_latest(files, since=change.started_at)
    return change


def move_edit(context: str, *, user: str, reason: str) -> ContextChange:
    """Move edit to a context that a delivery makes in the same transaction.

    Its mappings are not read, because mappings that are read stay in memory and the transaction may still be
    rolled back. A caller that must wait for other rows calls `lock_ledger` of the catalog first.

    Raises
    ------
    UnknownContextError
        Raised if `context` is not a confirmed pmap.
    UnusableContextError
        Raised if it is marked bad.
    """
    with transaction.atomic():
        lock_ledger()
        if queries.get_pmap(context).is_bad:
            raise UnusableContextError(f"{context} cannot be used: it is marked bad.")
        return _write(_Move(Pointer.EDIT, context, user, reason))


def _write(move: _Move) -> ContextChange:
    """Write the row and the audit record of a move; the caller has the ledger's lock."""
    before = _context_before(move.pointer, move.calibration_version)
    change = ContextChange.objects.create(
        pointer=move.pointer,
        context=move.context,
        calibration_version=move.calibration_version,
        is_banner=move.moves_banner and is_newer_banner(move.context),
        started_at=_start(move.pointer, move.started_at),
        user=move.user,
        reason=move.reason,
    )
    _record(move, before)
    return change


def _record(move: _Move, before: str | None) -> None:
    """Write the audit record of a move away from the context `before`."""
    version = f" for version {move.calibration_version}" if move.calibration_version else ""
    audit.pointer_moved(
        move.context, pointer=move.pointer, before=before, user=move.user, why=move.reason, details=version
    )


def _context_before(pointer: Pointer, calibration_version: str) -> str | None:
    """Return the context of the pointer, or for build of this version, until now."""
    if pointer != Pointer.BUILD:
        return queries.find_pointed(pointer)
    change = queries.find_build(calibration_version)
    return change.context if change else None


def as_pointer(name: str) -> Pointer:
    """Return the pointer that a name means; `operational` means latest.

    Raises
    ------
    InvalidInputError
        Raised if no pointer has this name.
    """
    try:
        return Pointer("latest" if name == "operational" else name)
    except ValueError:
        raise InvalidInputError(
            f"No pointer is called {name[:40]!r}; there are {', '.join(Pointer.values)}."
        ) from None


def _require_sense(move: _Move) -> None:
    """Refuse a move whose version or banner does not belong to its pointer."""
    version = move.calibration_version
    is_build = move.pointer == Pointer.BUILD
    if is_build and not queries.is_version(version):
        raise InvalidInputError(
            f"A build context needs a calibration version such as 1.14.1, not {version[:40]!r}."
        )
    if version and not is_build:
        raise InvalidInputError(f"Only a build context has a calibration version, not {move.pointer}.")
    if move.moves_banner and not is_build:
        raise InvalidInputError(f"Only a build context is shown as banner, not {move.pointer}.")


def _require_loadable(pointer: Pointer, context: str) -> frozenset[str]:
    """Refuse a context that is not confirmed or does not load; return the files that must be good."""
    queries.get_pmap(context)
    queries.get_context(context)
    if pointer == Pointer.VERSIONS:
        queries.require_versions(context)
    return closure(context) if pointer == Pointer.LATEST else frozenset(queries.mapping_names(context))


def _require_seen(pointer: Pointer, seen: int | None) -> None:
    """Refuse to move a pointer after a move that the caller has not seen."""
    last = queries.find_change(pointer)
    if seen is None or seen == (last.pk if last else 0):
        return
    last_change = f"{last.user} set it to {last.context}" if last else "it is no longer set"
    raise ConflictError(
        f"{pointer} has changed since you opened this page: {last_change}. Check it, then try again."
    )


def _require_good(context: str, files: Collection[str]) -> None:
    if bad := bad_names(files):
        raise UnusableContextError(f"{context} cannot be used: {_listed(bad)} is marked bad.")


def _require_available(context: str, missing: Collection[str]) -> None:
    if missing:
        raise UnusableContextError(
            f"{context} cannot be latest: {len(missing)} of its files are neither here nor in "
            f"the archive: {_listed(sorted(missing))}."
        )


def _listed(names: Sequence[str]) -> str:
    """Return the first names as text, because a message need not show thousands."""
    rest = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + rest


def _start(pointer: Pointer, wanted: datetime | None) -> datetime:
    """Return the start of the new era, which is later than the start before.

    Two moves within the resolution of the clock, or after a clock that went back, still get rising starts.
    """
    before = queries.find_change(pointer)
    moment = wanted or timezone.now()
    if before is None or moment > before.started_at:
        return moment
    if wanted is None:
        if before.started_at - moment > timedelta(seconds=1):
            logger.warning("the clock is behind the last move of %s, at %s", pointer, before.started_at)
        return before.started_at + TICK
    raise InvalidInputError(
        f"{pointer} names {before.context} since {before.started_at:%Y-%m-%d %H:%M:%S}; "
        "an era cannot start before that."
    )


def push_remote_context(*, key: str, context: str) -> None:
    """Record the context that a pipeline, known by its key, reports to use.

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
    """Register a pipeline that may report its context, and return its key, which is not kept.

    Raises
    ------
    InvalidInputError
        Raised if the text is not a name.
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
            audit.noted(Action.CREATE_PIPELINE, user=user, details=name)
    except IntegrityError:
        raise ConflictError(
            f"A pipeline {name!r} exists already; its key was shown when it was made."
        ) from None
    return key


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def adopt_eras(eras: Sequence[LatestPeriod], *, user: str) -> int:
    """Import eras of latest that another server recorded, and return how many were new."""
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
            audit.noted(Action.IMPORT_HISTORY, user=user, details=f"{len(fresh)} eras")
    return len(fresh)


def adopt_pointer(pointer: Pointer, context: str, *, as_of: datetime, user: str) -> bool:
    """Import the pointer of another server as of a moment, unless ours was moved since then."""
    with transaction.atomic():
        lock_ledger()
        before = queries.find_change(pointer)
        if before is not None and (before.context == context or before.started_at >= as_of):
            return False
        ContextChange.objects.create(
            pointer=pointer,
            context=context,
            # server_config does not have the version of the software that a build context was tied to.
            calibration_version="unknown" if pointer == Pointer.BUILD else "",
            started_at=as_of,
            user=user,
            reason="Imported with its catalog.",
        )
        audit.pointer_moved(
            context,
            pointer=pointer,
            before=before.context if before else None,
            user=user,
            why="Imported with its catalog.",
        )
    return True
