"""The work of a worker: run the query of a job and keep its answer as a file."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

from django.conf import settings
from django.db import connections, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.core.errors import ConflictError
from apps.core.incidents import current
from apps.jobs.models import Job
from apps.vo.addresses import ClientOrigin
from apps.vo.database.running_query import Clock
from apps.vo.errors import NoRoomError, OurFaultError, VoError
from apps.vo.identity.authentication import reader_for
from apps.vo.identity.reader import Reader
from apps.vo.models import QueryJob
from apps.vo.parameters import Parameters
from apps.vo.states import Status
from apps.vo.tap.answering import answer_query
from apps.vo.tap.query_request import query_request
from apps.vo.uws import results
from apps.vo.uws.waiting import start_next

logger = logging.getLogger(__name__)

LOOK = 0.5  # seconds between two looks whether somebody aborted the job
REMEDY = "Set a longer executionduration, or ask for less."
PATIENCE = 3600.0  # seconds a job waits for a free place in its worker


def run(job: Job) -> None:
    """Run the query of a piece of background work, then start the next one of the same owner."""
    row = QueryJob.objects.filter(pk=job.subject_id or 0).first()
    if row is None:
        return
    try:
        row.enter(Status.EXECUTING, started_at=timezone.now())
    except ConflictError:
        logger.info("%s is %s and does not run", row, row.status)
    else:
        _run(row)
    start_next(row)


def _run(row: QueryJob) -> None:
    try:
        # The thread of the switch reads the row, so it ends before anybody changes the row.
        with _Switch(row) as switch:
            media_type, size = _write_answer(row, switch)
        _complete(row, media_type, size)
    except VoError as exc:
        _fail(row, exc)
    except Exception:
        incident = current()
        logger.exception("%s failed, incident %s", row, incident)
        _fail(row, OurFaultError(f"The query could not be run; incident {incident}."))


class _Switch:
    """A thread that looks whether a job was aborted or removed. A running query asks it all the time."""

    def __init__(self, row: QueryJob) -> None:
        self._key, self._end, self.is_aborted = row.pk, threading.Event(), False
        self._thread = threading.Thread(target=self._look, name=f"abort-{row.key}", daemon=True)

    def __enter__(self) -> _Switch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(LOOK):
            try:
                rows = QueryJob.objects.filter(pk=self._key, status=Status.EXECUTING)
                self.is_aborted = not rows.exists()
            except Exception as exc:
                logger.warning("nobody can see whether query %s was aborted: %s", self._key, exc)
            finally:
                connections.close_all()


def _write_answer(row: QueryJob, switch: _Switch) -> tuple[str, int]:
    """Write the answer beside its place; return its media type and its size in bytes."""
    request = query_request(Parameters(tuple((name.upper(), value) for name, value in row.parameters)))
    clock = Clock(row.duration, REMEDY, lambda: switch.is_aborted)
    answer = answer_query(
        request,
        reader=_reader(row),
        base=ClientOrigin(row.origin),
        clock=clock,
        wait=min(PATIENCE, row.duration),
    )
    partial = row.result_path.with_suffix(".part")
    partial.parent.mkdir(parents=True, exist_ok=True)
    try:
        size = _write(partial, answer.chunks, clock)
    finally:
        answer.close()
    return answer.media_type, size


def _write(path: os.PathLike[str], chunks: Iterator[str], clock: Clock) -> int:
    """Write the chunks to a file that is on the disk when this returns; return its size in bytes."""
    with open(path, "wb") as stream:
        for chunk in chunks:
            if (problem := clock.problem()) is not None:
                raise problem
            stream.write(chunk.encode("utf-8", "replace"))
        stream.flush()
        os.fsync(stream.fileno())
        # The chunks end in order even if the query failed in their middle; the clock tells.
        if (problem := clock.problem()) is not None:
            raise problem
        return stream.tell()


def _complete(row: QueryJob, media_type: str, size: int) -> None:
    """Publish the file, then say so. A row without its file, after a kill between both, stays EXECUTING."""
    partial = row.result_path.with_suffix(".part")
    partial.rename(row.result_path)
    results.share(row)
    try:
        row.enter(Status.COMPLETED, ended_at=timezone.now(), result_type=media_type, result_size=size)
    except (ConflictError, QueryJob.DoesNotExist):
        results.remove(row)  # It was aborted or removed in the meantime.


@transaction.atomic
def _fail(row: QueryJob, error: VoError) -> None:
    row.result_path.with_suffix(".part").unlink(missing_ok=True)
    transient = isinstance(error, (NoRoomError, OurFaultError))
    QueryJob.objects.filter(pk=row.pk, status=Status.EXECUTING).update(
        status=Status.ERROR, ended_at=timezone.now(), error=str(error), is_transient=transient
    )


def _reader(row: QueryJob) -> Reader:
    """Return what the owner may see now, and no more than the token that made the job allowed.

    An account that was closed sees what everybody sees.
    """
    user = User.objects.filter(username=row.owner, is_active=True).first() if row.owner else None
    if user is None:
        return Reader(address=row.address)
    reader = reader_for(user)
    return replace(reader, sees_all=reader.sees_all and row.sees_all)


def remove_old_jobs() -> int:
    """Remove jobs whose time is over with their results, and results without a job; return their number."""
    old = QueryJob.objects.filter(destroy_at__lte=timezone.now())
    jobs = list(old)
    removed, _ = old.delete()
    for job in jobs:
        results.remove(job)
    _remove_strays()
    return removed


def _remove_strays() -> None:
    """Remove files that no job owns. A file that is being written is younger than an hour's work."""
    folder = settings.TAP_RESULTS_ROOT
    if not folder.is_dir():
        return
    known = set(QueryJob.objects.values_list("key", flat=True))
    limit = time.time() - settings.TAP_ASYNC_MAX_SECONDS - 600
    for path in folder.iterdir():
        if path.stem not in known and path.stat().st_mtime < limit:
            path.unlink(missing_ok=True)
