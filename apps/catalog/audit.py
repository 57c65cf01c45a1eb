"""Records of who did what; called inside the transaction that does it (website, section 6.4)."""

from collections.abc import Sequence

from django.db.models import F

from apps.catalog.models import Action, AuditRecord, File, Revision

LISTED = 50  # files that one record names; their submission or import knows them all


def file_changed(file: File, *, action: Action, user: str, why: str = "", details: str = "") -> None:
    """Record that `user` did `action` to a file."""
    _record(
        action=action,
        user=user,
        filename=file.name,
        instrument=file.instrument,
        filekind=file.filekind,
        why=why,
        details=details,
    )


def pointer_moved(
    context: str, *, pointer: str, before: str | None, user: str, why: str = "", details: str = ""
) -> None:
    """Record that a pointer moved from `before` to `context`; `before` is None if it named nothing."""
    text = f"{pointer} context changed from {before or 'none'!r} to {context!r}{details}"
    _record(action=Action.SET_CONTEXT, user=user, filename=context, why=why, details=text)


def noted(action: Action, *, user: str, instrument: str = "", why: str = "", details: str = "") -> None:
    """Record something that concerns no single file, such as an import."""
    _record(action=action, user=user, instrument=instrument, why=why, details=details)


def account_changed(account: str, *, action: Action, user: str, details: str = "") -> None:
    """Record that `user` did `action` to an account. The count of changes stays."""
    text = f"account {account}{f': {details}' if details else ''}"
    AuditRecord.objects.create(action=action, user=user, details=text)


def listing(head: str, names: Sequence[str]) -> str:
    """Return a heading and the names of files, for the details of a record."""
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return f"{head}: {', '.join(names[:LISTED])}{more}"


def _record(**fields: str) -> None:
    AuditRecord.objects.create(**fields)
    count_change()


def count_change() -> None:
    """Raise the count of changes, so that everything derived from files and pointers is stale."""
    if not Revision.objects.update(number=F("number") + 1):
        Revision.objects.get_or_create(pk=1, defaults={"number": 1})
