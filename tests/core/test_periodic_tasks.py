"""The process that sends periodic tasks, and its scheduler."""

import os
import shelve
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
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


# A beat that gets SIGTERM while it looks at its schedule. Nothing is due, so it needs no broker.
BEAT = """
import signal, sys
from celery.signals import beat_init
from crds_server.celery import app, require_parts
from crds_server.periodic_tasks import Scheduler

class Dropped:
    def __del__(self):
        signal.raise_signal(signal.SIGTERM)

class Interrupted(Scheduler):
    def tick(self):
        if sys.argv[2] == "in a destructor":
            Dropped()
        else:
            signal.raise_signal(signal.SIGTERM)
        return super().tick()

beat_init.disconnect(require_parts)
app.conf.beat_schedule = {"rarely": {"task": "nothing", "schedule": 3600}}
app.Beat(schedule=sys.argv[1], scheduler_cls=Interrupted, quiet=True).run()
"""


@pytest.mark.parametrize("moment", ["in a destructor", "elsewhere"])
def test_beat_ends_well_at_sigterm_and_saves_its_schedule(moment: str, tmp_path: Path) -> None:
    """Python drops an exception in a destructor, so a signal that only raises one is lost."""
    schedule = tmp_path / "schedule"
    environment = os.environ | {"DATA_ROOT": str(tmp_path), "DJANGO_SETTINGS_MODULE": "crds_server.settings"}
    command = [sys.executable, "-c", BEAT, str(schedule), moment]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    with shelve.open(str(schedule)) as saved:  # noqa: S301 (it is our own)
        assert "rarely" in saved["entries"]
