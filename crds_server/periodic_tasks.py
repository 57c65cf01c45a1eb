"""The scheduler of periodic tasks, which a clock that goes back does not stop."""

import logging
from datetime import timedelta
from typing import Any

from celery.beat import PersistentScheduler, ScheduleEntry

logger = logging.getLogger(__name__)

TOLERANCE = timedelta(seconds=5)


class Scheduler(PersistentScheduler):
    """A scheduler that counts from now on when its tasks seem to have run in the future.

    Celery would wait until its clock has come to that moment again, also after a restart.
    """

    def tick(self, *arguments: Any, **options: Any) -> float:
        """Send what is due, and return the seconds until the next look."""
        if late := [entry for entry in self.schedule.values() if _ran_in_future(entry)]:
            logger.warning("%d periodic tasks ran in the future; the clock went back", len(late))
            for entry in late:
                entry.last_run_at = entry.default_now()
            self._heap = None  # It is made again.
        return float(super().tick(*arguments, **options))


def _ran_in_future(entry: ScheduleEntry) -> bool:
    return bool(entry.last_run_at > entry.default_now() + TOLERANCE)
