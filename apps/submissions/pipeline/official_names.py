"""Official names: reserved in rows, then given to the bytes."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from django.utils import timezone

from apps.catalog.ledger_lock import lock_ledger
from apps.catalog.models import File
from apps.catalog.taken_names import taken_names
from apps.certify.messages import Rewrite, Rewritten
from apps.rules.naming import official_names
from apps.rules.naming.file_names import is_mapping
from apps.submissions import staging
from apps.submissions.errors import RejectedError
from apps.submissions.models import SubmittedFile
from apps.submissions.pipeline.child_jobs import CertificationChild, job_for
from apps.submissions.pipeline.submission_run import SubmissionRun
from apps.submissions.pipeline.upload_checks import changed_here
from apps.submissions.states import Origin


def assign_official_names(work: SubmissionRun) -> None:
    """Reserve an official name for every file that came with the submission.

    All reservations wait for the ledger lock, so that no serial number is given twice.
    """
    with work.writing():
        lock_ledger()
        files = [file for file in work.incoming() if not file.is_reserved]
        moment = timezone.now().astimezone(UTC).replace(tzinfo=None)
        for file in files:
            name, moment = _name(work, file, moment)
            reserve(file, name)


def reserve(file: SubmittedFile, name: str) -> None:
    """Reserve a name; the caller holds the ledger lock (`lock_ledger`)."""
    file.official_name, file.is_reserved = name, True
    file.save()


def _name(work: SubmissionRun, file: SubmittedFile, moment: datetime) -> tuple[str, datetime]:
    """Return the official name of a file, and the earliest moment for the name of the next file.

    Raises
    ------
    RejectedError
        Raised if the file keeps its name, and another file has that name already.
    """
    observatory, where = work.observatory, {"instrument": file.instrument, "filekind": file.filekind}
    is_kept = not is_mapping(file.name) and official_names.keeps_name(observatory, **where)
    is_ours = file.origin == Origin.LOOKUP_TABLE
    if is_kept or not (work.submission.is_renamed or is_ours):
        _require_free(file.name)
        return file.name, moment
    extension = Path(file.name).suffix
    if is_mapping(file.name) or not official_names.is_timed(observatory):
        return next_name(official_names.stem(observatory, **where), extension), moment
    return official_names.next_timed_name(
        observatory,
        **where,
        extension=extension,
        moment=moment,
        taken=taken_names(official_names.time_code(moment)[:3]),
    )


def next_name(stem: str, extension: str) -> str:
    """Return the first free numbered name of a stem; the caller holds the ledger lock (`lock_ledger`)."""
    serial = official_names.next_serial(stem, extension, taken_names(stem))
    return official_names.numbered_name(stem, extension, serial)


def _require_free(name: str) -> None:
    reserved = SubmittedFile.objects.filter(is_reserved=True, official_name=name)
    if File.objects.filter(name=name).exists() or reserved.exists():
        raise RejectedError(
            f"{name} is the name of another file already, and names are never reused: "
            "rename it, or let it be renamed."
        )


def release_names(submission_id: int) -> None:
    """Release the names that a submission reserved, so that others can have them."""
    rows = SubmittedFile.objects.filter(submission_id=submission_id, is_reserved=True)
    rows.update(is_reserved=False)


def stage_references(work: SubmissionRun) -> None:
    """Give the references their official names; a FITS file that contains its name is written again."""
    files = [file for file in work.incoming() if not is_mapping(file.name)]
    rewritten = [file for file in files if _is_rewritten(work, file)]
    for file in files:
        work.say(f"Renaming '{file.name}' --> '{file.official_name}'")
        if file not in rewritten:
            staging.link(staging.path_of(file), staging.official_path(file))
    if rewritten:
        _rewrite(work, rewritten)
    for file in files:
        staging.record(file)
        if file not in rewritten and file.official_sha1sum != file.sha1sum:
            raise changed_here(work, file)


def _is_rewritten(work: SubmissionRun, file: SubmittedFile) -> bool:
    is_fits = file.name.endswith(".fits")
    return is_fits and official_names.is_timed(work.observatory) and file.name != file.official_name


def _rewrite(work: SubmissionRun, files: list[SubmittedFile]) -> None:
    # Not directly in the folder of official files: a file there must be complete from its first moment.
    folder = staging.work_folder(work.submission)
    orders = tuple(Rewrite(str(staging.path_of(file)), str(folder / file.official_name)) for file in files)
    job = job_for(work)
    child = CertificationChild(work, replace(job, rewrites=orders))
    by_name = {file.official_name: file for file in files}
    try:
        for event in child.events():
            if isinstance(event, Rewritten):
                _keep(work, by_name[event.name], event, child)
    finally:
        child.clear()


def _keep(work: SubmissionRun, file: SubmittedFile, event: Rewritten, child: CertificationChild) -> None:
    if event.errors or not event.path:
        texts = [text for level, text in child.logs[event.name] if level == "ERROR"]
        file.errors = (file.errors or 0) + event.errors
        file.log = [*file.log, *child.logs[event.name]]
        with work.writing():
            file.save(update_fields=["errors", "log"])
        raise RejectedError(f"{file.name} cannot be written as {file.official_name}: {' '.join(texts)}")
    staging.link(Path(event.path), staging.official_path(file))
