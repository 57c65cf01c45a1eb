"""Real processes that race for mails, and one that is killed, on the database of the suite."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories.mails import Mailbox, mail_server
from tests.patience import HANG
from tests.roots import PROJECT, environment_for, filled_root

COUNT = 20

POST = (
    "from apps.mails.operations import post\n"
    "for n in range({count}): post(key=str(n), recipients=['ann@example.org'], subject=str(n), text='text')"
)
WAIT = "import django.core.mail, apps.mails.pipeline; print('at the line', flush=True); input()"
DELIVER = "from apps.jobs.pipeline import execute\nfor pk in range(1, {count} + 1): execute(pk)"
AGE = (
    "from datetime import timedelta; from django.utils import timezone; from apps.jobs.models import Job\n"
    "Job.objects.update(heartbeat_at=timezone.now() - timedelta(days=1))"
)
SWEEP = "from apps.jobs.pipeline import put_back_lost_jobs; print('lost', put_back_lost_jobs())"
STATE = (
    "from apps.jobs.models import Job\n"
    "print(*sorted({f'{job.status}-{job.attempts}' for job in Job.objects.all()}))"
)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as box:
        yield box


@pytest.fixture
def environment(tmp_path: Path, mailbox: Mailbox) -> Iterator[dict[str, str]]:
    """Return what processes need that share a data root, a database and a mail server."""
    root = tmp_path / "root"
    with filled_root("jwst", root) as database_url:
        # However busy the machine is, a worker counts as dead only after the test says so.
        mail = {"EMAIL_URL": f"smtp://127.0.0.1:{mailbox.port}", "HEARTBEAT_SECONDS": "600"}
        yield environment_for("jwst", root, database_url) | mail


def starting(environment: dict[str, str], code: str) -> subprocess.Popen[str]:
    """Start a process of the server that does something."""
    command = [sys.executable, "manage.py", "shell", "-v0", "--command", code]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return subprocess.Popen(command, cwd=PROJECT, env=environment, text=True, **pipes)


def said(environment: dict[str, str], *code: str) -> list[str]:
    """Return the lines that a process prints while it does these things."""
    process = starting(environment, "\n".join(code))
    output, _ = process.communicate(timeout=HANG)
    assert process.returncode == 0
    return output.splitlines()


@pytest.mark.campaign
def test_of_workers_that_race_for_mails_each_mail_is_sent_once(
    environment: dict[str, str], mailbox: Mailbox
) -> None:
    race = f"{WAIT}\n{DELIVER.format(count=COUNT)}"
    racers = [starting(environment, code) for code in (f"{POST.format(count=COUNT)}\n{race}", race)]
    for racer in racers:
        assert racer.stdout
        assert racer.stdout.readline() == "at the line\n"
    for racer in racers:
        assert racer.stdin
        racer.stdin.write("go\n")
        racer.stdin.flush()
    for racer in racers:
        racer.communicate(timeout=HANG)
    assert [racer.returncode for racer in racers] == [0, 0]
    assert sorted(int(message["Subject"]) for _, message in mailbox.got) == list(range(COUNT))


def test_a_mail_whose_worker_is_killed_is_sent_by_another(
    environment: dict[str, str], mailbox: Mailbox
) -> None:
    """The server had taken the mail, but no worker had noted it. The second copy has the same Message-ID."""
    mailbox.is_slow = True
    one = DELIVER.format(count=1)
    with starting(environment, f"{POST.format(count=1)}\n{one}") as worker:
        assert mailbox.entered.wait(HANG)
        worker.kill()
    mailbox.is_slow = False
    mailbox.released.set()
    lines = said(environment, STATE, SWEEP, one, STATE, AGE, SWEEP, one, STATE)
    assert lines == ["running-1", "lost 0", "running-1", "lost 1", "completed-2"]
    [(_, first), (_, second)] = mailbox.got
    assert first["Message-ID"] == second["Message-ID"]
