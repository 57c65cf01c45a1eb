"""Beat, the process that sends periodic tasks; clocks that go back and SIGTERM do it no harm."""

import logging
from datetime import timedelta
from typing import Any

from celery.apps import beat
from celery.beat import PersistentScheduler, ScheduleEntry, Service
from celery.platforms import signals

logger = logging.getLogger(__name__)

TOLERANCE = timedelta(seconds=5)


class Beat(beat.Beat):
    """Beat as a process of its own.

    Celery's handler of signals closes the schedule and raises SystemExit. Python drops that exception if the
    signal arrives in a destructor. The next look then fails on the closed schedule, and the status is 1.
    """

    def install_sync_handler(self, service: Service) -> None:
        """End `service` at a signal, at the latest with its next look; it saves its schedule by itself."""

        def end(*_: Any) -> None:
            service.stop()
            raise SystemExit

        signals.update(SIGTERM=end, SIGINT=end)


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
