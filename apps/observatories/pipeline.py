"""The work of a worker: check what files in use would say to a draft."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from apps.catalog.reading import checked_path
from apps.certify.headers import UnreadableHeaderError, read_header
from apps.jobs.models import Job
from apps.jobs.pipeline import require_claim
from apps.observatories.models import DefinitionDraft
from apps.observatories.queries import AffectedType, affected_files
from apps.rules.errors import CrdsError
from apps.rules.observatories.header_checks import faults_of, undecidable

SHOWN = 500  # failing files of one type that are kept


def run(job: Job) -> None:
    """Check the draft of a job, unless it is gone or was checked."""
    # For a column of JSON `findings=None` would mean the value null, which no draft has.
    draft = DefinitionDraft.objects.filter(pk=job.subject_id or 0, findings__isnull=True).first()
    if draft is not None:
        check_draft(draft, job)


def check_draft(draft: DefinitionDraft, job: Job | None = None) -> None:
    """Read the headers of files in use, and note which of them would fail."""
    findings = []
    for place in affected_files(draft.text):
        if job is not None:
            require_claim(job)
        findings.append(_check(place))
    draft.findings = findings
    with transaction.atomic():
        if job is not None:
            require_claim(job)
        DefinitionDraft.objects.filter(pk=draft.pk, findings__isnull=True).update(findings=findings)


def _check(place: AffectedType) -> dict[str, Any]:
    failing: list[list[str]] = []
    unread = 0
    for file in place.files():
        try:
            header = read_header(checked_path(file), file.name)
        except (UnreadableHeaderError, CrdsError, OSError):
            unread += 1
            continue
        known = {keyword for keyword, _fault in faults_of(header, place.old)}
        faults = [fault for keyword, fault in faults_of(header, place.new) if keyword not in known]
        if faults:
            failing.append([file.name, " ".join(faults)[:500]])
    return {
        "instrument": place.instrument,
        "filekind": place.filekind,
        "files": place.count,
        "count": len(failing),
        "failing": failing[:SHOWN],
        "unread": unread,
        "undecided": undecidable(place.new),
    }
