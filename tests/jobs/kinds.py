"""Kinds of jobs for the worker processes of these tests; they write marks into a file."""

import os
import time

from django.conf import settings
from django.db import connection, transaction

from apps.jobs.models import Job
from apps.jobs.pipeline import finish, require_claim, say

STEPS = 20


def mark(text: str) -> None:
    """Append a whole line in one write."""
    descriptor = os.open(settings.DATA_ROOT / "marks", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    os.write(descriptor, f"{time.time():.3f} {os.getpid()} {text}\n".encode())
    os.close(descriptor)


def slow(job: Job) -> None:
    """Work for two seconds in small steps."""
    mark(f"start {job.pk} {job.attempts}")
    _work(job)


def held(job: Job) -> None:
    """Work until the file ``hold`` disappears from the data root, then as `slow` does.

    A test that kills the worker of such a job cannot come too late.
    """
    say(job, "log_message", f"attempt {job.attempts} begins")
    mark(f"start {job.pk} {job.attempts}")
    # Nothing is written here: a worker that is stopped while it writes keeps SQLite locked for everybody.
    while (settings.DATA_ROOT / "hold").exists():
        time.sleep(0.1)
    _work(job)


def known(job: Job) -> None:
    """Do as `held` does, but tell which process of PostgreSQL does the statements."""
    _tell_process()
    held(job)


def locked(job: Job) -> None:
    """Hold the row of the job in a transaction until the file ``hold`` disappears."""
    with transaction.atomic():
        require_claim(job)
        _tell_process()
        while (settings.DATA_ROOT / "hold").exists():
            time.sleep(0.1)
        say(job, "log_message", "The file is gone.")
    finish(job, 0, "http://localhost/display_result/1")
    mark(f"end {job.pk} {job.attempts}")


def _tell_process() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        mark(f"process {cursor.fetchone()[0]}")


def _work(job: Job) -> None:
    for step in range(STEPS):
        say(job, "log_message", f"step {step} of attempt {job.attempts}")
        time.sleep(0.1)
    finish(job, 0, "http://localhost/display_result/1")
    mark(f"end {job.pk} {job.attempts}")


def quick(job: Job) -> None:
    """Work for a moment."""
    mark(f"start {job.pk} {job.attempts}")
    time.sleep(0.02)
    mark(f"end {job.pk} {job.attempts}")
