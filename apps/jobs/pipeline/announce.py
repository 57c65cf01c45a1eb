"""Announcements of jobs to workers."""

from apps.core.broker import publish


def announce(job_id: int) -> None:
    """Announce a waiting job to the workers. If the broker is away, the sweep announces it later."""
    publish("apps.jobs.tasks.execute", job_id, about=f"job {job_id}")
