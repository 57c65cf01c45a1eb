"""A full disk when a certification child writes: its file is a link to ``/dev/full``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.jobs.queries import find_job
from apps.submissions import staging
from apps.submissions.models import Submission
from apps.submissions.pipeline import child_jobs
from tests.factories.sites import deliver, process, said, snapshot
from tests.submissions.remembering import RememberingRunner

pytestmark = pytest.mark.usefixtures("site")


class Forgetful:
    """A runner that always asks a child: answers about a full disk must not be repeated to other tests."""

    def __init__(self, runner: RememberingRunner) -> None:
        self.run: Any = runner.ask


@pytest.mark.parametrize("path", ["trial/jwst_miri_flat_0001.rmap", "new/jwst_miri_flat_0002.rmap"])
def test_a_disk_that_fills_under_a_child_ends_the_submission(
    path: str, remembered: Callable[[str], RememberingRunner], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_folder = staging.work_folder

    def without_room(submission: Submission) -> Path:
        folder = make_folder(submission)
        (folder / path).parent.mkdir()
        (folder / path).symlink_to("/dev/full")
        return folder

    before = snapshot()
    with monkeypatch.context() as patch:
        patch.setattr(staging, "work_folder", without_room)
        patch.setattr(child_jobs, "runner_for", lambda name: Forgetful(remembered(name)))
        submission = process(deliver())
    assert submission.status == "failed"
    job = find_job(kind="submission", subject_id=submission.pk)
    assert job is not None
    assert f"incident {job.incident}" in submission.reason
    assert "Your files were not changed. Tell the operators." in submission.reason
    assert submission.reason in said(submission)
    assert snapshot() == before
    # The upload is still there, and the failure left nothing that prevents a second submission.
    assert process(deliver({})).status == "ready"
