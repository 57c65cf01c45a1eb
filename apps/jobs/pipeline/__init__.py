"""The work of a worker on a job, and the functions that the code of a kind may call.

The function of a kind gets the `Job`, does its steps, and ends with `finish`::

    def run(job: Job) -> None:
        for step in STEPS:
            say(job, "log_message", f"Now: {step.__name__}")
            step(Submission.objects.get(pk=job.subject_id))
        finish(job, 0, url)

It runs again from the start after its worker died, or after it raised `TryLater`. A step that writes its own
rows calls `require_claim` in the same transaction, so that a worker that was taken for dead can no
longer write.
"""

from apps.jobs.pipeline.announce import announce
from apps.jobs.pipeline.claim import claim, require_claim
from apps.jobs.pipeline.progress import (
    finish,
    say,
    say_all,
)
from apps.jobs.pipeline.run import execute
from apps.jobs.pipeline.sweep import clean_channels, jobs_to_announce, put_back_lost_jobs

__all__ = [
    "announce",
    "claim",
    "clean_channels",
    "execute",
    "finish",
    "jobs_to_announce",
    "put_back_lost_jobs",
    "require_claim",
    "say",
    "say_all",
]
