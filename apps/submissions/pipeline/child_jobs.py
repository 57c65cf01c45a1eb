"""Jobs that certification children run for a submission, and the logs of these jobs."""

import shutil
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from django.conf import settings

from apps.catalog.reading import require_unaltered
from apps.certify.errors import ChildAbortedError
from apps.certify.messages import JOB_LIMITS, CertifyJob, Event, Job, Log
from apps.certify.runner import runner_for
from apps.certify.sandbox.limits import Limits
from apps.contexts import queries as contexts
from apps.core.free_text import storable
from apps.submissions import staging
from apps.submissions.pipeline.submission_run import SubmissionRun

# Lines of the log are written to the channel when this number of them waits, or after this number of seconds.
BATCH = 50
PAUSE = 1.0


def job_for(work: SubmissionRun) -> CertifyJob:
    """Return a job that has nothing to do yet, with a new folder.

    The child reads the rules from the store by itself, so they are compared with the catalogue here.

    Raises
    ------
    DamagedFileError, NotHeldError
        Raised if a mapping of the base was changed on the disk, or is missing.
    """
    require_unaltered(contexts.mapping_names(work.submission.base))
    return CertifyJob(
        observatory=settings.OBSERVATORY,
        context=work.submission.base,
        store=str(settings.STORE_ROOT),
        folder=str(staging.work_folder(work.submission)),
        is_compared=work.submission.is_compared,
        is_tried=False,
        limits=limits(),
    )


def limits() -> Limits:
    """Return the time and the memory that the settings give every child of a submission."""
    return replace(JOB_LIMITS, seconds=settings.SUBMISSION_SECONDS, memory=settings.CHECK_MEMORY_BYTES)


class CertificationChild:
    """The run of one child, event by event; its log is written to the channel and to `logs`.

    Attributes
    ----------
    logs
        Level and text of each line, by the file or rmap that the child was working on.
    """

    def __init__(self, work: SubmissionRun, job: Job) -> None:
        self.logs: dict[str, list[list[str]]] = defaultdict(list)
        self._work, self._job = work, job
        self._waiting: list[Log] = []
        self._flushed_at = time.monotonic()

    def events(self) -> Iterator[Event]:
        """Yield the events of the run, without the lines of the log.

        Raises
        ------
        JobStopped
            Raised if this worker must leave the job; the child has been killed by then.
        CertifyError
            Raised as by `Runner.run`.
        """
        runner = runner_for(self._job.observatory)
        try:
            for event in runner.run(self._job, is_aborted=self._work.is_stopped):
                if isinstance(event, Log):
                    self._keep(event)
                    continue
                self.flush()
                yield event
        except ChildAbortedError:
            self._work.require_going_on()
            raise
        finally:
            self.flush()

    def _keep(self, line: Log) -> None:
        self.logs[line.about].append([line.level, storable(line.text)])
        self._waiting.append(line)
        if len(self._waiting) >= BATCH or time.monotonic() - self._flushed_at > PAUSE:
            self.flush()

    def flush(self) -> None:
        """Write the lines that were not yet written to the channel, unless this worker must leave the job."""
        if self._waiting and not self._work.is_stopped():
            self._work.pass_on(self._waiting)
        self._waiting, self._flushed_at = [], time.monotonic()

    def clear(self) -> None:
        """Remove the folder of the job."""
        shutil.rmtree(self._job.folder, ignore_errors=True)


def with_files(job: CertifyJob, paths: list[Path], *, is_tried: bool) -> CertifyJob:
    """Return the job with files to certify."""
    return replace(job, files=tuple(map(str, paths)), is_tried=is_tried)
