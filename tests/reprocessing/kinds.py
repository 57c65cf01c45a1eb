"""Searches whose parts are small and slow, so that a worker can be killed between two of them."""

import os
import time

from django.conf import settings

from apps.jobs.models import Job
from apps.reprocessing import chunks, pipeline

PAUSE = 1.0  # seconds after each part

_do = chunks.do


def _slowly(*about: object) -> None:
    _do(*about)  # type: ignore[arg-type]
    with (settings.DATA_ROOT / "parts").open("a") as stream:
        stream.write(f"{os.getpid()}\n")
    time.sleep(PAUSE)


def _slow_down() -> None:
    chunks.MODES_AT_LEAST = 1
    chunks.do = _slowly


def search(job: Job) -> None:
    _slow_down()
    pipeline.run(job)


def help_search(job: Job) -> None:
    _slow_down()
    pipeline.help_search(job)
