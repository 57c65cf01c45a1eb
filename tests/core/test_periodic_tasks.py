"""The scheduler of periodic tasks."""

from datetime import timedelta
from pathlib import Path

from celery import Celery

from crds_server.periodic_tasks import Scheduler


def test_tasks_go_on_after_a_clock_that_went_back(tmp_path: Path) -> None:
    app = Celery("test", set_as_current=False)
    app.conf.beat_schedule = {"often": {"task": "nothing", "schedule": 15}}
    scheduler = Scheduler(app=app, schedule_filename=str(tmp_path / "schedule"), lazy=True)
    scheduler.setup_schedule()
    scheduler.populate_heap()
    entry = scheduler.schedule["often"]
    entry.last_run_at = entry.default_now() + timedelta(hours=1)
    scheduler.populate_heap()
    assert scheduler.tick() <= 15
    assert entry.last_run_at <= entry.default_now()
    scheduler.close()
