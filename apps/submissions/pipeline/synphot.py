"""Synthetic photometry: lookup tables for new components, tests of the ensemble (website, section 8.9)."""

from pathlib import Path

from django.conf import settings

from apps.catalog import pending, storage
from apps.catalog.reading import require_unaltered
from apps.certify.messages import SynphotJob, SynphotVerdict, TableMade
from apps.contexts import queries as contexts
from apps.submissions import staging
from apps.submissions.models import SubmittedFile
from apps.submissions.pipeline.certification import keep_result, refuse_errors
from apps.submissions.pipeline.child_jobs import CertificationChild, limits
from apps.submissions.pipeline.submission_run import SubmissionRun
from apps.submissions.states import Origin

INSTRUMENT = "synphot"


def _job(work: SubmissionRun, paths: list[Path], *, is_tested: bool) -> SynphotJob:
    """Return a job for all files of photometry, with a new folder.

    The child reads rules and components from the store by itself, so their bytes are compared here.

    Raises
    ------
    DamagedFileError, NotHeldError
        Raised if one of them was changed on the disk, or is missing.
    """
    base = work.submission.base
    require_unaltered([*contexts.mapping_names(base), *_components(base)])
    return SynphotJob(
        observatory=settings.OBSERVATORY,
        context=base,
        store=str(settings.STORE_ROOT),
        folder=str(staging.work_folder(work.submission)),
        files=tuple(map(str, paths)),
        is_regenerated=not is_tested,
        is_tested=is_tested,
        limits=limits(),
    )


def _components(context: str) -> tuple[str, ...]:
    """Return the names of all references of photometry that a context has."""
    imaps = dict(contexts.upper_mappings_of(context)[context].selections)
    return contexts.reference_names(imaps[INSTRUMENT]) if INSTRUMENT in imaps else ()


def regenerate_lookup_tables(work: SubmissionRun) -> None:
    """Make the lookup table for each kind of component that was delivered without one."""
    if work.submission.instrument != INSTRUMENT:
        return
    paths = [staging.path_of(file) for file in work.files(Origin.UPLOADED)]
    child = CertificationChild(work, _job(work, paths, is_tested=False))
    try:
        for event in child.events():
            if isinstance(event, TableMade):
                _keep(work, event, child)
    finally:
        child.clear()


def _keep(work: SubmissionRun, made: TableMade, child: CertificationChild) -> None:
    """Add a table to the submission; if it could not be made, store only the errors."""
    name = f"generation of a new {made.reftype}"
    keep_result(work, name, made.errors, made.warnings, child.logs[made.name])
    if not made.path:
        return
    path = Path(made.path)
    file = SubmittedFile(
        submission=work.submission,
        origin=Origin.LOOKUP_TABLE,
        name=made.name,
        instrument=INSTRUMENT,
        filekind=made.reftype,
        size=path.stat().st_size,
        sha1sum=storage.sha1sum(path),
    )
    staging.link(path, staging.arrived_path(file))
    pending.share(path, file.sha1sum)
    with work.writing():
        # Names contain the time, so a table that an earlier, broken run made has another name.
        work.submission.files.filter(origin=Origin.LOOKUP_TABLE, filekind=made.reftype).delete()
        file.save()
    work.say(f"Generated '{made.name}'")


def test_ensemble(work: SubmissionRun) -> None:
    """Test the delivered components together with those of the context."""
    if work.submission.instrument != INSTRUMENT:
        return
    paths = [staging.official_path(file) for file in work.incoming()]
    child = CertificationChild(work, _job(work, paths, is_tested=True))
    try:
        for event in child.events():
            if isinstance(event, SynphotVerdict):
                keep_result(work, event.name, event.errors, event.warnings, child.logs[event.name])
                work.say(f"{event.name}: {event.status}")
    finally:
        child.clear()
    refuse_errors(work)
