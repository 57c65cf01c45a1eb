import logging
import re
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.catalog import storage
from apps.catalog.models import FixityRun
from apps.catalog.pipeline.fixity import check_store
from apps.catalog.pipeline.verify import verify
from apps.catalog.queries import last_fixity_run
from apps.catalog.tasks import verify_store
from apps.mails.models import Mail
from crds_server import celery_app
from tests.factories.catalog import make_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def damaged_store() -> None:
    for name in ("good.fits", "gone.fits", "longer.fits", "flipped.fits"):
        make_file(name, content=b"text")
    make_file("catalogued.fits")
    storage.path_of("gone.fits").unlink()
    storage.path_of("longer.fits").write_bytes(b"text and more")
    storage.path_of("flipped.fits").write_bytes(b"txet")
    storage.path_of("stranger.fits").write_bytes(b"text")
    storage.path_of("stranger.fits").with_name(".unfinished.part").write_bytes(b"te")


def test_a_store_that_agrees_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    make_file("good.fits", content=b"text")
    make_file("catalogued.fits")
    assert list(verify()) == []
    call_command("verify_store")
    assert "1 files: 0 missing, 0 changed, 0 unknown." in capsys.readouterr().out


@pytest.mark.usefixtures("damaged_store")
def test_missing_changed_and_unknown_files_are_named() -> None:
    assert [(finding.kind, finding.name) for finding in verify()] == [
        ("changed", "flipped.fits"),
        ("missing", "gone.fits"),
        ("changed", "longer.fits"),
        ("unknown", "stranger.fits"),
    ]


@pytest.mark.usefixtures("damaged_store")
def test_the_command_prints_them_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError, match="disagree"):
        call_command("verify_store")
    printed = capsys.readouterr().out
    assert "changed: longer.fits: has 13 bytes; 4 were expected." in printed
    assert "1 missing, 2 changed, 1 unknown." in printed


@pytest.mark.usefixtures("damaged_store")
def test_the_nightly_task_logs_them(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    verify_store()
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 4
    assert re.search(r"4 of \d+ files are missing, changed or unknown", caplog.text)


def test_the_beat_schedule_names_the_task() -> None:
    assert verify_store.name in {entry["task"] for entry in celery_app.conf.beat_schedule.values()}


@pytest.mark.usefixtures("damaged_store")
def test_an_alarm_is_mailed_once_for_a_run_with_faults(settings: Any) -> None:
    settings.ALARM_MAILS = ["ops@example.org"]
    run = check_store()
    assert (run.missing, run.changed, run.unknown, run.is_clean) == (1, 2, 1, False)
    mail = Mail.objects.get()
    assert mail.recipients == ["ops@example.org"]
    assert "4 stored files are wrong" in mail.subject
    assert all(text in mail.text for text in run.findings)
    assert last_fixity_run() == run


def test_a_clean_store_raises_no_alarm_and_a_killed_run_is_not_the_last(settings: Any) -> None:
    settings.ALARM_MAILS = ["ops@example.org"]
    FixityRun.objects.create()
    assert last_fixity_run() is None
