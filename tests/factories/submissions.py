"""Submissions to test with; every argument is optional."""

from typing import Any

from django.utils import timezone

from apps.locks.models import Lock
from apps.submissions import staging
from apps.submissions.models import Submission, SubmittedFile
from apps.submissions.states import ALIVE, Kind, Origin, Status
from tests.factories.catalog import CONTENT, make_file, make_rmap, sha1
from tests.factories.contexts import make_change, make_context
from tests.factories.jobs import make_channel
from tests.factories.locks import make_lock

REFERENCE = "jwst_miri_dark_0002.fits"
RMAP = "jwst_miri_dark_0002.rmap"


def make_submission(kind: str = Kind.BATCH, *, status: str = Status.CONFIRMED, **fields: Any) -> Submission:
    """Return a submission without files; one that is over ended just now."""
    facts = {
        "user": "homer",
        "instrument": "miri",
        "posted_context": "jwst_0001.pmap",
        "base": "jwst_0001.pmap",
        "description": "New darks",
        "ended_at": None if status in ALIVE else timezone.now(),
    }
    return Submission.objects.create(kind=kind, status=status, **(facts | fields))


def make_listing_submission(kind: str = Kind.ADD, *, lock: Lock | None = None, **fields: Any) -> Submission:
    """Return a submission that is ready to be confirmed: of one listed reference, and a new rmap for it."""
    make_change(make_context(), pointer="edit")
    make_file(REFERENCE, content=b"x", instrument="miri", filekind="dark")
    submission = make_submission(
        kind,
        status=Status.READY,
        ready_at=timezone.now(),
        lock_tenure=(lock or make_lock()).tenure,
        channel=make_channel().key,
        **fields,
    )
    facts: dict[str, Any] = {"submission": submission, "instrument": "miri", "filekind": "dark", "errors": 0}
    SubmittedFile.objects.create(origin=Origin.LISTED, name=REFERENCE, official_name=REFERENCE, **facts)
    rmap = SubmittedFile.objects.create(
        origin=Origin.GENERATED,
        name="jwst_miri_dark_0001.rmap",
        official_name=RMAP,
        derived_from="jwst_miri_dark_0001.rmap",
        is_reserved=True,
        **facts,
    )
    staging.write(staging.official_path(rmap), make_rmap(RMAP, references=[REFERENCE]).encode())
    staging.record(rmap)
    return submission


def make_upload_submission(**fields: Any) -> Submission:
    """Return a submission of one reference that is ready to be confirmed, and makes no rmap."""
    submission = make_submission(
        Kind.REFERENCES,
        status=Status.READY,
        ready_at=timezone.now(),
        lock_tenure=make_lock().tenure,
        channel=make_channel().key,
        makes_contexts=False,
        **fields,
    )
    file = SubmittedFile.objects.create(
        submission=submission,
        name="new_dark.fits",
        official_name=REFERENCE,
        is_reserved=True,
        instrument="miri",
        filekind="dark",
        errors=0,
        sha1sum=sha1(CONTENT),
    )
    staging.write(staging.official_path(file), CONTENT)
    staging.record(file)
    return submission
