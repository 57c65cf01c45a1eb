"""The limits that the settings give every child of a submission."""

from typing import Any

import pytest

from apps.submissions.pipeline import child_jobs, synphot
from apps.submissions.pipeline.submission_run import SubmissionRun
from tests.factories.sites import claimed, deliver, make_site

pytestmark = pytest.mark.django_db


def test_checks_and_photometry_have_the_memory_and_the_time_of_the_settings(settings: Any) -> None:
    settings.CHECK_MEMORY_BYTES, settings.SUBMISSION_SECONDS = 600 << 20, 77
    make_site()
    submission = deliver()
    work = SubmissionRun(claimed(submission), submission)
    for job in (
        child_jobs.job_for(work),
        synphot._job(work, [], is_tested=False),
        synphot._job(work, [], is_tested=True),
    ):
        assert (job.limits.memory, job.limits.seconds) == (600 << 20, 77)
