"""Pages of rows, each from a cursor on."""

from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.urls import reverse

from apps.catalog.models import ACCOUNT_ACTIONS, AuditRecord, File
from apps.catalog.states import FileKind, FileState
from apps.core.addresses import absolute
from apps.core.globs import clean_glob, matching
from apps.submissions.models import Submission

_FOLDERS = {FileKind.MAPPING: "mappings", FileKind.REFERENCE: "references"}
_EQUAL = {"kind": "kind", "instrument": "instrument", "reftype": "filekind", "state": "state"}


def file_facts(file: File) -> dict[str, Any]:
    """Return the facts about a file; see `schemas.FileFactsOut`."""
    return {
        "name": file.name,
        "kind": file.kind,
        "instrument": file.instrument,
        "reftype": file.filekind,
        "state": file.state,
        "size": file.size,
        "sha1sum": file.sha1sum,
        "is_bad": file.is_bad,
        "is_provisional": file.provisional,
        "delivered_at": file.delivered_at,
        "activated_at": file.activated_at,
        "useafter_at": file.useafter_at,
        "description": file.description,
        "derived_from": file.derived_from,
        "replaced_by": file.replaced_by,
        "url": file_url(file),
    }


def file_url(file: File) -> str | None:
    """Return the address of a file's bytes, or None if they are not held."""
    if not file.is_held:
        return None
    folder = reverse("distribution:folder", args=[_FOLDERS[FileKind(file.kind)], settings.OBSERVATORY])
    return absolute(folder) + quote(file.name)


def file_page(*, cursor: str, limit: int, name: str, **equal: str) -> tuple[list[dict[str, Any]], str | None]:
    """Return the next files in the order of their names, and the cursor of the page after them.

    Parameters
    ----------
    name
        Shell pattern; empty for any.
    equal
        Values of kind, instrument, reftype and state; empty for any.

    Raises
    ------
    InvalidInputError
        Raised if `name` is not a pattern.
    """
    rows = File.objects.exclude(state=FileState.UPLOADED)
    rows = rows.filter(**{_EQUAL[key]: value for key, value in equal.items() if value})
    if name:
        rows = rows.filter(matching("name", clean_glob(name)))
    if cursor:
        rows = rows.filter(name__gt=cursor)
    found = list(rows.order_by("name")[: limit + 1])
    following = found[limit - 1].name if len(found) > limit else None
    return [file_facts(file) for file in found[:limit]], following


def change_page(*, after: int, limit: int) -> tuple[list[dict[str, Any]], int | None]:
    """Return the next public acts on files and pointers, oldest first, and the number to go on after."""
    rows = AuditRecord.objects.filter(pk__gt=after).exclude(action__in=ACCOUNT_ACTIONS).exclude(filename="")
    found = list(rows.order_by("pk")[: limit + 1])
    items: list[dict[str, Any]] = [
        {
            "number": row.pk,
            "at": row.at,
            "action": row.action,
            "file": row.filename,
            "instrument": row.instrument,
        }
        for row in found[:limit]
    ]
    return items, items[-1]["number"] if len(found) > limit else None


def submission_facts(submission: Submission) -> dict[str, Any]:
    """Return the facts about a submission; see `schemas.SubmissionOut`."""
    return {
        "key": str(submission.key),
        "kind": submission.kind,
        "status": submission.status,
        "user": submission.user,
        "instrument": submission.instrument,
        "context": submission.base,
        "description": submission.description,
        "reason": submission.reason,
        "started_at": submission.started_at,
        "ended_at": submission.ended_at,
        "new_context": submission.new_context,
        "files": [
            {"name": file.name, "official_name": file.official_name, "verdict": file.verdict}
            for file in submission.files.all()
        ],
        "channel": submission.channel,
        "page": submission.result_url,
    }


def submission_page(
    *, before: int | None, limit: int, instrument: str, status: str
) -> tuple[list[dict[str, Any]], int | None]:
    """Return submissions, the newest first, and the number to go on before."""
    rows = Submission.objects.prefetch_related("files").order_by("-pk")
    equal = {"instrument": instrument, "status": status}
    rows = rows.filter(**{name: value for name, value in equal.items() if value})
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: limit + 1])
    following = found[limit - 1].pk if len(found) > limit else None
    return [submission_facts(row) for row in found[:limit]], following
