"""Confirm or force a submission: make its files official after they were checked and read again.

All rows are written in one transaction. Before it ends, the bytes get their names in the store:

- If the transaction is refused, the names are taken back.
- If the process is killed before the end, the store keeps bytes without rows; the next attempt replaces them.
- If the process is killed after the end, sweeps do the rest: they write the delivery folder, and remove what
  is no longer needed.
"""

import contextlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.catalog import deliveries, storage
from apps.catalog import queries as catalog
from apps.catalog.errors import NameTakenError
from apps.catalog.ledger_lock import lock_ledger
from apps.catalog.models import Delivery, File
from apps.contexts import operations as contexts
from apps.locks.operations import release_instrument
from apps.submissions import staging
from apps.submissions.errors import NotReadyError
from apps.submissions.mails import notify
from apps.submissions.models import Submission, SubmittedFile
from apps.submissions.operations.activity_records import record_decision
from apps.submissions.operations.new_contexts import new_contexts
from apps.submissions.operations.official_files import adopt_files
from apps.submissions.operations.permissions import require_confirm, require_force
from apps.submissions.queries import find_protection
from apps.submissions.states import ADOPTED, Origin, Status
from apps.submissions.successors import find_successors, note_successors

logger = logging.getLogger(__name__)


def confirm(submission: Submission, *, user: User, is_by_policy: bool = False) -> Submission:
    """Adopt the files while the lock of their submission still protects them, then release that lock.

    Any session of the submitter may do it. Confirming again changes nothing. If a person confirms, no file is
    provisional.

    Parameters
    ----------
    is_by_policy
        Whether the definition decides this, and nobody looked at the files.

    Raises
    ------
    DeniedError, NotReadyError, UnprotectedError
        Raised as by `permissions.require_confirm`.
    CollisionError
        Raised if the context has a newer rmap for one of the types, whose changes would be lost.
    """
    if submission.status in ADOPTED:
        return submission
    is_by_program = is_by_policy or user.scopes is not None
    decision = _Decision(user, Status.CONFIRMED, is_by_program=is_by_program, is_by_policy=is_by_policy)
    return _adopt(submission, decision)


def force(submission: Submission, *, user: User) -> Submission:
    """Adopt the files although no lock protects them.

    Changes that others made to the same rmap in the meantime are lost. Forcing again changes nothing.

    Raises
    ------
    DeniedError, NotReadyError, UnprotectedError
        Raised as by `permissions.require_force`.
    """
    if submission.status in ADOPTED:
        return submission
    return _adopt(submission, _Decision(user, Status.FORCED))


@dataclass(frozen=True)
class _Decision:
    """The person who decides, and the status that the submission gets."""

    user: User
    status: Status
    is_by_program: bool = False
    is_by_policy: bool = False

    @property
    def name(self) -> str:
        return self.user.get_username()


def _adopt(submission: Submission, decision: _Decision) -> Submission:
    try:
        _require_allowed(submission, decision)
        files = list(submission.files.select_related("submission"))
        _require_whole(files)
        delivery = _write_rows(submission, files, find_successors(files), decision)
    except Exception as exc:
        # The row is unchanged, or a second click on the button has changed it. The caller must see its state.
        submission.refresh_from_db()
        if submission.status in ADOPTED:
            return submission
        if isinstance(exc, FileNotFoundError):
            _require_allowed(submission, decision)
        if staging.is_full(exc):
            raise staging.no_space("the files") from exc
        raise
    deliveries.write(delivery)
    # If the process is killed before this ends, a sweep does it.
    staging.clear(submission)
    logger.info("%s is %s by %s", submission, submission.status, decision.name)
    return submission


def _require_whole(files: list[SubmittedFile]) -> None:
    """Refuse names that are already taken and bytes that have changed.

    Reading the bytes once more takes time, so this is not part of the transaction.
    """
    arriving = _arriving(files)
    taken = catalog.files_named(file.official_name for file in arriving)
    if taken:
        raise NameTakenError(
            f"Somebody else has used these names: {', '.join(sorted(taken))}. Cancel, then submit again."
        )
    for file in arriving:
        path = staging.official_path(file)
        storage.require_sum(path, file.official_sha1sum)
        storage.bring_near(path, file.official_name, file.official_sha1sum)


def _require_allowed(submission: Submission, decision: _Decision, *, for_update: bool = False) -> None:
    protection = find_protection(submission, for_update=for_update)
    require = require_force if decision.status == Status.FORCED else require_confirm
    require(submission, user=decision.user, protection=protection)


def _require_policy(submission: Submission, successors: Mapping[str, str]) -> None:
    """Refuse a confirmation by policy of what a person has certified since the checks, or must decide now."""
    is_certified = File.objects.filter(name__in=successors, provisional=False).exists()
    if is_certified or not submission.is_provisional:
        raise NotReadyError("Files that a person has certified would be replaced, so a person must decide.")


def _arriving(files: list[SubmittedFile]) -> list[SubmittedFile]:
    """Return the files that are not in the store yet."""
    return [file for file in files if file.origin != Origin.LISTED]


@transaction.atomic
def _write_rows(
    submission: Submission, files: list[SubmittedFile], successors: Mapping[str, str], decision: _Decision
) -> Delivery:
    """Write all rows of the confirmation, or none."""
    lock_ledger()
    # While this waited for the ledger lock, somebody may have taken the lock of the instrument, or confirmed
    # the submission. From here on nobody can take the lock of the instrument.
    submission.refresh_from_db()
    _require_allowed(submission, decision, for_update=True)
    if decision.is_by_policy:
        _require_policy(submission, successors)
    now = timezone.now()
    submission.enter(
        decision.status,
        ended_at=now,
        ended_by=decision.name,
        is_provisional=submission.is_provisional and decision.is_by_program,
    )
    made = new_contexts(submission, files, is_forced=decision.status == Status.FORCED)
    official = [*_arriving(files), *made]
    # Rows first, so that a name which somebody has taken in the meantime is refused before any bytes move.
    adopted = adopt_files(official, user=decision.name, is_provisional=submission.is_provisional)
    with _published(official):
        note_successors(successors)
        record_decision(submission, files, user=decision.name)
        _move_edit(submission, made, adopted, decision)
        delivery = deliveries.open_delivery(
            adopted, user=decision.name, why=submission.description, submission=str(submission.key)
        )
        submission.delivery = delivery.name
        submission.save(update_fields=["delivery", "final_base", "new_context"])
        release_instrument(submission.instrument, user=submission.user)
        notify.ended(submission)
    return delivery


@contextlib.contextmanager
def _published(files: list[SubmittedFile]) -> Iterator[None]:
    """Put the bytes into the store under their reserved names, and take them back if the block raises."""
    try:
        for file in files:
            storage.adopt(staging.official_path(file), file.official_name, file.official_sha1sum)
        storage.sync_folders()
        yield
    except BaseException:
        for file in files:
            storage.withdraw(staging.official_path(file), file.official_name, file.official_sha1sum)
        raise


def _move_edit(
    submission: Submission, made: list[SubmittedFile], adopted: list[File], decision: _Decision
) -> None:
    """Blacklist new mappings that inherit bad files, and make the new pmap the edit context."""
    contexts.taint([file.name for file in adopted], user=decision.name)
    pmap = next((file for file in made if file.official_name.endswith(".pmap")), None)
    if pmap is not None:
        submission.new_context = pmap.official_name
        contexts.move_edit(pmap.official_name, user=decision.name, reason=submission.description)
