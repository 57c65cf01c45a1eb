"""The order of the steps (website, section 7.5), and one run through them."""

import logging
from collections.abc import Callable
from datetime import timedelta

from apps.catalog.errors import DamagedFileError, NotHeldError
from apps.certify.errors import KilledChildError, TimedOutError
from apps.core.errors import ConflictError
from apps.core.outages import PASSING, find_outage
from apps.jobs.errors import JobAbortedError, LostClaimError, TryLater
from apps.jobs.models import Job
from apps.jobs.registry import attempts_of
from apps.rules.errors import CrdsError
from apps.submissions import staging
from apps.submissions.errors import NoSpaceError
from apps.submissions.models import Submission
from apps.submissions.pipeline.certification import certify_files, refuse_errors
from apps.submissions.pipeline.collisions import note_collisions
from apps.submissions.pipeline.delivered_mappings import note_origins, refuse_unknown_members, stage_mappings
from apps.submissions.pipeline.header_facts import note_facts
from apps.submissions.pipeline.new_rmaps import generate_rmaps, name_rmaps
from apps.submissions.pipeline.official_names import assign_official_names, stage_references
from apps.submissions.pipeline.outcomes import end_badly, end_well
from apps.submissions.pipeline.provisional import note_policy
from apps.submissions.pipeline.submission_run import SubmissionRun
from apps.submissions.pipeline.synphot import regenerate_lookup_tables, test_ensemble
from apps.submissions.pipeline.upload_checks import (
    note_duplicates,
    refuse_foreign_files,
    refuse_half_pairs,
    refuse_other_instruments,
    verify_uploads,
)
from apps.submissions.states import Kind, Status

logger = logging.getLogger(__name__)

KILLED_PAUSE = timedelta(seconds=10)  # until a job whose check was killed starts again

Step = Callable[[SubmissionRun], object]

# Errors of our disk and our store. Submitters may read their texts.
OUR_FAULTS = (NoSpaceError, DamagedFileError, NotHeldError)

_RECEIVED: tuple[Step, ...] = (verify_uploads, refuse_foreign_files)
_CHECKED: tuple[Step, ...] = (
    *_RECEIVED,
    refuse_half_pairs,
    regenerate_lookup_tables,
    # Each check looks at every file, and all that is wrong is said at once.
    certify_files,
    note_duplicates,
    refuse_errors,
    refuse_other_instruments,
)
_NAMED: tuple[Step, ...] = (*_CHECKED, note_facts, assign_official_names, stage_references)
_RULED: tuple[Step, ...] = (name_rmaps, generate_rmaps, note_collisions)
_TESTED: tuple[Step, ...] = (*_NAMED, *_RULED, test_ensemble, note_policy)

STEPS: dict[str, tuple[Step, ...]] = {
    Kind.BATCH: _TESTED,
    Kind.EXTENDED: _TESTED,
    Kind.REFERENCES: (*_NAMED, note_collisions),
    Kind.MAPPINGS: (
        *_CHECKED,
        refuse_unknown_members,
        note_origins,
        assign_official_names,
        stage_mappings,
        note_collisions,
    ),
    Kind.ADD: _RULED,
    Kind.DELETE: _RULED,
    Kind.CERTIFY: (*_RECEIVED, certify_files, note_duplicates),
}


def run(job: Job) -> None:
    """Take the steps that are left for a submission, and end its job."""
    submission = Submission.objects.get(pk=job.subject_id or 0)
    try:
        submission.enter(Status.PROCESSING)
    except ConflictError:
        logger.info("%s is %s; nothing is left to do", submission, submission.status)
        return
    work = SubmissionRun(job, submission)
    try:
        _take_steps(work)
        end_well(job, submission)
    except LostClaimError:
        raise
    except JobAbortedError:
        end_badly(job, submission, Status.CANCELLED, "Aborted on request.")
    except TimedOutError as exc:
        end_badly(job, submission, Status.TIMED_OUT, str(exc))
    except OUR_FAULTS as exc:  # The submitter may read the text, and operators must act.
        _fail_inside(work, exc)
    except CrdsError as exc:  # The submitter can correct it.
        end_badly(job, submission, Status.FAILED, str(exc))
    except OSError as exc:
        if not staging.is_full(exc):
            _fail_inside(work)
            raise
        _fail_inside(work, staging.no_space("the files"))
    except KilledChildError as exc:  # As if the worker itself had been killed: the job starts again.
        if job.attempts >= attempts_of(job.kind):
            _fail_inside(work)
            raise
        raise TryLater(f"The check was killed: {exc}", pause=KILLED_PAUSE) from exc
    except Exception as exc:
        if find_outage(exc) in PASSING and job.attempts < attempts_of(job.kind):
            raise  # The database went away: the job is put off.
        # We must correct it: say so to the submitter, and let the worker log it.
        _fail_inside(work)
        raise


def _fail_inside(work: SubmissionRun, cause: CrdsError | None = None) -> None:
    """Fail a submission by our fault: the reason does not blame its files, and the log has the incident.

    Parameters
    ----------
    cause
        The error whose text the submitter may read; None if the text is only for our log.
    """
    incident = work.job.incident
    what = f"{cause} Incident {incident}." if cause else f"Internal error, incident {incident}."
    logger.error("%s failed by our fault, incident %s: %s", work.submission, incident, cause or "see below")
    reason = f"{what} Your files were not changed. Tell the operators."
    end_badly(work.job, work.submission, Status.FAILED, reason)


def _take_steps(work: SubmissionRun) -> None:
    submission = work.submission
    work.say(f"Starting {submission.title} of {submission.user} based on context '{submission.base}'")
    for step in STEPS[submission.kind]:
        if step.__name__ in submission.steps:
            continue
        work.require_going_on()
        step(work)
        with work.writing():
            submission.steps = [*submission.steps, step.__name__]
            submission.save(update_fields=["steps"])
