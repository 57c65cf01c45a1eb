"""Operations on deliveries: open one, and move it to another status."""

import logging
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.catalog import audit
from apps.catalog.deliveries import queries
from apps.catalog.deliveries.folder_updates import tidy, write
from apps.catalog.ledger_lock import lock_ledger
from apps.catalog.models import Action, DeliveredFile, Delivery, File
from apps.catalog.states import FILE_ENTERED_FROM, FILE_STATE, DeliveryStatus, FileState
from apps.core.errors import InvalidInputError

logger = logging.getLogger(__name__)


@transaction.atomic
def open_delivery(files: Sequence[File], *, user: str, why: str, submission: str = "") -> Delivery:
    """Deliver files that are becoming official; call it in the transaction that makes them so.

    After the commit `write` puts the delivery into its folder. Where there is no archive, the delivery and
    its files are archived at once, and there is nothing to write.

    Parameters
    ----------
    files
        Rows whose bytes are in the store. Their attributes `state` and `catalog_link` are set, too.
    user, why
        For the row and the audit records.
    submission
        Key of the submission, which can be delivered only once; empty if there is none.

    Raises
    ------
    InvalidInputError
        Raised if there are no files.
    """
    if not files:
        raise InvalidInputError("A delivery has at least one file.")
    lock_ledger()
    delivery = _make(user=user, why=why, submission=submission)
    members = {file.pk for file in files}
    DeliveredFile.objects.bulk_create(DeliveredFile(delivery=delivery, file_id=pk) for pk in sorted(members))
    _deliver_files(delivery)
    names = list(delivery.files.order_by("name").values_list("name", flat=True))
    details = audit.listing(delivery.name, names)
    for file in delivery.files.order_by("name"):
        audit.file_changed(file, action=Action.SUBMIT_FILE, user=user, why=why, details=details)
    for file in files:
        file.refresh_from_db(fields=["state", "catalog_link", "changed_at"])
    logger.info("%s: %s by %s with %d files", delivery, delivery.status, user, len(members))
    return delivery


def _make(*, user: str, why: str, submission: str) -> Delivery:
    """Make the row with the next number; the caller has the ledger's lock, so nobody else takes it."""
    number = max(queries.last_number() + 1, settings.DELIVERY_FIRST_NUMBER)
    is_archived = settings.ARCHIVE_MODE == "self"
    return Delivery.objects.create(
        number=number,
        name=f"{settings.OBSERVATORY}_{number}.cat",
        user=user,
        why=why,
        submission=submission,
        status=DeliveryStatus.ARCHIVED if is_archived else DeliveryStatus.OPEN,
        changed_by=user,
    )


def _deliver_files(delivery: Delivery) -> None:
    """Set the state of files that become official now; files that are official already keep theirs."""
    files = File.objects.filter(pk__in=delivery.rows.values("file_id"))
    now = timezone.now()
    files.update(catalog_link=delivery.name, changed_at=now)
    fresh = files.filter(state__in=(FileState.UPLOADED, FileState.DELIVERED))
    fresh.update(state=FILE_STATE[delivery.status], changed_at=now)


def move(
    delivery: Delivery, status: DeliveryStatus, *, user: str, reason: str = "", only_if: Q | None = None
) -> bool:
    """Move a delivery and its files to a status; a delivery that has it already is left alone.

    Files that became latest or bad in the meantime keep that state. The delivery folder is updated.

    Parameters
    ----------
    delivery
        The delivery; its row is read again before it is changed.
    status
        ``OPEN`` hands the delivery out again.
    user, reason
        For the row and the audit records.
    only_if
        A condition on the stored row; if it is not true, nothing happens.

    Returns
    -------
    False if `only_if` is not true.

    Raises
    ------
    ConflictError
        Raised if the stored status cannot change to this one.
    """
    if not _move_rows(delivery, status, user=user, reason=reason, only_if=only_if or Q()):
        return False
    if status == DeliveryStatus.OPEN:
        write(delivery)
    tidy()
    return True


@transaction.atomic
def _move_rows(delivery: Delivery, status: DeliveryStatus, *, user: str, reason: str, only_if: Q) -> bool:
    lock_ledger()
    delivery.refresh_from_db()
    if not Delivery.objects.filter(only_if, pk=delivery.pk).exists():
        return False
    if delivery.status == status:
        return True
    before = delivery.status
    delivery.enter(status, changed_at=timezone.now(), changed_by=user, reason=reason)
    if status == DeliveryStatus.OPEN:
        _forget(delivery)
    _move_files(delivery, user=user, why=reason)
    logger.info("%s: %s -> %s by %s", delivery, before, status, user)
    return True


def _forget(delivery: Delivery) -> None:
    """Clear the results of the last attempt, so that it is written and the archive asked again."""
    delivery.written_at = None
    delivery.save(update_fields=["written_at"])
    delivery.rows.update(checked_at=None, available_at=None, problem="")


def _move_files(delivery: Delivery, *, user: str, why: str) -> None:
    """Move the files whose state allows it; each only if its state is still the one that was read."""
    state = FILE_STATE[delivery.status]
    for file in delivery.files.filter(state__in=FILE_ENTERED_FROM[state]).order_by("pk"):
        rows = File.objects.filter(pk=file.pk, state=file.state)
        if rows.update(state=state, changed_at=timezone.now()):
            details = f"{file.state} -> {state}"
            audit.file_changed(file, action=Action.ARCHIVE_STATE, user=user, why=why, details=details)
