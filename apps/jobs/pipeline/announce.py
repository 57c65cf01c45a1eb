"""Messages that tell workers of a job."""

from apps.core.broker import publish


def announce(job_id: int) -> None:
    """Tell some worker that a job waits. A broker that is away delays it until the sweep."""
    publish("apps.jobs.tasks.execute", job_id, about=f"job {job_id}")
