"""The progress monitor of the client follows a job to its end."""

import re
from typing import Any

import pytest

from tests.contract.client import Client

# A job, run on the spot: what is looked at is how its messages arrive.
RUN = """
from django.conf import settings
from django.db import transaction
from apps.jobs import operations
from apps.jobs.pipeline import claim, finish, say
settings.JOB_KINDS = {{"test": "none"}}
with transaction.atomic():  # The bell rings at its end: the worker beside us must not be the first.
    job = operations.start("test", subject_id=None, user="test", channel=None)
    job = claim(job.pk)
print("key", job.channel_id)
say(job, "log_message", "a < b & c > d, it's &lt; \\"quoted\\"")
say(job, "warning", "a warning")
{error}
finish(job, {status}, {result!r})
"""

# As `crds submit` starts it.
MONITOR = """
import os, sys
from crds.submit.monitor import MonitorScript
sys.exit(MonitorScript(f"crds.monitor --key {os.environ['KEY']} --poll-delay 1")())
"""


@pytest.mark.parametrize(
    ("status", "result", "word"),
    [
        (0, "http://localhost/display_result/1", "COMPLETED"),
        (1, "No <USEAFTER> & more", "FAILED"),
        (3, "Aborted.", "CANCELLED"),
    ],
)
def test_monitor_prints_the_messages_and_ends_with_the_status(
    demo: Client, status: int, result: str, word: str
) -> None:
    error = 'say(job, "error", "an error")' if status == 1 else ""
    code = RUN.format(error=error, status=status, result=result)
    output = demo.server.manage("shell", "--verbosity", "0", "--command", code)
    found: Any = re.search(r"key (\S+)", output)
    done = demo.python(MONITOR, KEY=found[1])
    assert done.status == status, done.text
    assert '>> a < b & c > d, it\'s &lt; "quoted"' in done.text
    assert "WARNING" in done.text
    assert f">> {word}: {result}" in done.text
