"""Invariants: what is true of rows and bytes at every moment, whatever was killed, frozen or away before.

Each check yields a sentence for each violation. It only reads, and may run beside a server that works.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Count

from apps.accounts.models import User
from apps.catalog import storage
from apps.catalog.models import Delivery, File
from apps.catalog.pipeline.verify import verify
from apps.catalog.states import FileState
from apps.contexts.availability import closure, unavailable_names, unknown_names
from apps.contexts.models import ContextChange, Pointer
from apps.contexts.queries import find_pointed
from apps.core.heartbeat import age as heartbeat_age
from apps.core.text_indexes import all_indexes
from apps.jobs.models import Channel, Job
from apps.jobs.pipeline import clock
from apps.jobs.pipeline.claim import STALE
from apps.jobs.states import OVER
from apps.jobs.states import Status as JobStatus
from apps.locks.models import Lock
from apps.rules.errors import CrdsError
from apps.submissions import staging
from apps.submissions.models import IngestFile, Submission, SubmittedFile
from apps.submissions.states import ADOPTED, ALIVE, Status
from apps.submissions.uploads import ingest_area

Check = Callable[[], Iterator[str]]

NAMED = 10  # files in one sentence


def violations() -> Iterator[tuple[str, str]]:
    """Yield the name of a check and a sentence for each violation of it."""
    for name, check in CHECKS.items():
        for text in check():
            yield name, text


def bytes_and_sums() -> Iterator[str]:
    """Yield the files whose bytes disagree with their rows."""
    return map(str, verify())


def names() -> Iterator[str]:
    """Yield official names that two files claim, and reserved names that nobody will use."""
    reserved = SubmittedFile.objects.filter(is_reserved=True).select_related("submission")
    # The rows of adopted submissions keep the mark, and their names are those of official files.
    for file in reserved.exclude(submission__status__in=(*ALIVE, *ADOPTED)):
        yield f"{file.official_name} is reserved by {file.submission.key}, which is {file.submission.status}."
    alive = reserved.filter(submission__status__in=ALIVE)
    taken = File.objects.filter(name__in=alive.values("official_name"))
    for name in taken.values_list("name", flat=True):
        yield f"{name} is reserved, and an official file has this name already."


def history() -> Iterator[str]:
    """Yield eras that do not rise, and contexts of pointers that are unknown."""
    for pointer in Pointer.values:
        before: ContextChange | None = None
        for change in ContextChange.objects.filter(pointer=pointer).order_by("pk"):
            if before and change.started_at <= before.started_at and change.user == before.user:
                yield f"{pointer}: {change.context} does not start after {before.context}."
            before = change
    named = set(ContextChange.objects.values_list("context", flat=True))
    known = File.objects.filter(name__in=named).exclude(state=FileState.UPLOADED)
    for name in sorted(named.difference(known.values_list("name", flat=True))):
        yield f"{name} was named by a pointer, but no official file has this name."


def deliveries() -> Iterator[str]:
    """Yield adopted submissions whose results are not whole, and deliveries without them."""
    for submission in Submission.objects.filter(status__in=ADOPTED):
        official = submission.files.exclude(official_name="").exclude(official_sha1sum="")
        sums = dict(official.values_list("official_name", "official_sha1sum"))
        there = dict(File.objects.filter(name__in=sums).values_list("name", "sha1sum"))
        for name in sorted(name for name in sums if there.get(name) != sums[name]):
            yield f"{submission.key} is {submission.status}, but {name} is not official with its bytes."
        if submission.new_context and submission.new_context not in there:
            yield f"{submission.key} made {submission.new_context}, but no official file has this name."
        if submission.delivery and not Delivery.objects.filter(name=submission.delivery).exists():
            yield f"{submission.key} names the delivery {submission.delivery}, which does not exist."
    doubled = Delivery.objects.exclude(submission="").values("submission").annotate(n=Count("pk"))
    for row in doubled.filter(n__gt=1):
        yield f"{row['submission']} has {row['n']} deliveries."


def locks() -> Iterator[str]:
    """Yield instruments or people with two locks, and locks of nobody."""
    for field in ("instrument", "user"):
        for row in Lock.objects.values(field).annotate(n=Count("pk")).filter(n__gt=1):
            yield f"{field} {row[field]} has {row['n']} locks."
    people = User.objects.values("username")
    for lock in Lock.objects.exclude(user__in=people):
        yield f"{lock} belongs to nobody with an account."


def jobs() -> Iterator[str]:
    """Yield jobs that nobody does, submissions without a job, and channels that never end."""
    if heartbeat_age() is not None:
        patience = timedelta(seconds=2 * STALE * settings.HEARTBEAT_SECONDS)
        for job in Job.objects.filter(status=JobStatus.RUNNING, heartbeat_at__lt=clock.now() - patience):
            yield f"{job} runs, but its worker gave no sign for long, and no sweep put it back."
    for channel in Channel.objects.filter(job__status__in=OVER, done_at=None):
        yield f"The {channel} has no end, but its job is over."
    for submission in Submission.objects.filter(status__in=(Status.STARTED, Status.PROCESSING)):
        waiting = Job.objects.filter(kind="submission", subject_id=submission.pk).exclude(status__in=OVER)
        if waiting.count() != 1:
            yield f"{submission.key} is {submission.status} with {waiting.count()} jobs instead of one."


def folders() -> Iterator[str]:
    """Yield submissions without bytes, bytes without a submission, and uploads that are not whole."""
    for submission in Submission.objects.filter(status=Status.READY):
        for file in submission.files.exclude(official_sha1sum=""):
            path = staging.official_path(file)
            if not path.is_file() or storage.sha1sum(path) != file.official_sha1sum:
                yield f"{submission.key} is ready, but the bytes of {file.official_name} are not."
    known = {str(key): status for key, status in Submission.objects.values_list("key", "status")}
    for folder in sorted((settings.DATA_ROOT / "submissions").glob("*")):
        if _is_left(folder, known):
            yield f"{folder.name} has a folder, but its submission is over or never was."
    for row in IngestFile.objects.exclude(completed_at=None):
        path = ingest_area.bring(row)
        if not path.is_file() or path.stat().st_size != row.size:
            yield f"{row.name} of account {row.owner_id} is complete, but its bytes are not."


def _is_left(folder: Path, known: dict[str, str]) -> bool:
    """Return whether a folder was not removed; the sweep may need a moment for one that has a row."""
    cleared = Submission.objects.filter(key=folder.name).exclude(cleared_at=None)
    return folder.name not in known or cleared.exists()


def newest_contexts() -> Iterator[str]:
    """Yield the files of the edit and the latest context that are unknown or that people cannot get."""
    for pointer in (Pointer.EDIT, Pointer.LATEST):
        context = find_pointed(pointer)
        if context is None:
            continue
        try:
            files = closure(context)
        except CrdsError as exc:
            yield f"{context}, which is {pointer}, cannot be read: {exc}"
            continue
        missing = sorted(unknown_names(files) | unavailable_names().intersection(files))
        if missing:
            some = ", ".join(missing[:NAMED])
            yield f"{context}, which is {pointer}, lacks {len(missing)} files: {some}."


def searches() -> Iterator[str]:
    """Yield indexes that are missing, and rows that their index does not find."""
    for index in all_indexes():
        yield from index.faults()


CHECKS: dict[str, Check] = {
    "bytes and sums": bytes_and_sums,
    "names": names,
    "history": history,
    "deliveries": deliveries,
    "locks": locks,
    "jobs": jobs,
    "folders": folders,
    "newest contexts": newest_contexts,
    "searches": searches,
}
