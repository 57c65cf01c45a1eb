"""New rmaps: the library makes them, and our own engine must read them in the same way."""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from apps.catalog.ledger_lock import lock_ledger
from apps.catalog.queries import get_file
from apps.catalog.reading import load_text
from apps.certify.messages import RmapEdit, RmapMade
from apps.rules.differences.rmap_agreement import disagreements
from apps.rules.naming import official_names
from apps.submissions import staging
from apps.submissions.errors import RejectedError
from apps.submissions.models import SubmittedFile
from apps.submissions.pipeline.certification import refuse_errors, without_rmap
from apps.submissions.pipeline.child_jobs import CertificationChild, job_for
from apps.submissions.pipeline.official_names import next_name, reserve
from apps.submissions.pipeline.submission_run import SubmissionRun
from apps.submissions.states import Kind, Origin

SHOWN = 5  # disagreements that a message quotes


def name_rmaps(work: SubmissionRun) -> None:
    """Reserve a name for the new rmap of each type that the references belong to."""
    with work.writing():
        lock_ledger()
        present = {file.name for file in work.files(Origin.GENERATED)}
        for (instrument, filekind), old in sorted(_old_rmaps(work).items()):
            if old in present:
                continue
            file = SubmittedFile(
                submission=work.submission,
                origin=Origin.GENERATED,
                name=old,
                instrument=instrument,
                filekind=filekind,
                derived_from=old,
            )
            stem = official_names.stem(work.observatory, instrument=instrument, filekind=filekind)
            reserve(file, next_name(stem, ".rmap"))


def _old_rmaps(work: SubmissionRun) -> dict[tuple[str, str], str]:
    """Return (instrument, type) of the references to the name of the rmap that the base has for them.

    Raises
    ------
    RejectedError
        Raised if the base has no rmap for one of them.
    """
    types = {(file.instrument, file.filekind) for file in _references(work)}
    if fault := without_rmap(work, types):
        raise RejectedError(fault)
    return {type: work.base.rmaps[type] for type in types}


def _references(work: SubmissionRun) -> list[SubmittedFile]:
    return work.files(Origin.UPLOADED, Origin.LOOKUP_TABLE, Origin.LISTED)


def generate_rmaps(work: SubmissionRun) -> None:
    """Make the new rmaps, certify them, and compare how our engine and the library read each one."""
    rows = {file.official_name: file for file in work.files(Origin.GENERATED)}
    references = defaultdict(list)
    for file in _references(work):
        references[file.instrument, file.filekind].append(file)
    orders = tuple(_order(work, rows[name], references) for name in sorted(rows))
    for order in orders:
        work.say(f"Generating new rmap '{order.new}' from '{order.old}'")
    job = job_for(work)
    child = CertificationChild(work, replace(job, edits=orders))
    try:
        for event in child.events():
            if isinstance(event, RmapMade):
                _take(work, rows[event.name], event, child)
    finally:
        child.clear()
    refuse_errors(work)


def _order(
    work: SubmissionRun, rmap: SubmittedFile, references: dict[tuple[str, str], list[SubmittedFile]]
) -> RmapEdit:
    files = references[rmap.instrument, rmap.filekind]
    if work.submission.kind == Kind.DELETE:
        return RmapEdit(rmap.name, rmap.official_name, delete=tuple(file.name for file in files))
    paths = tuple(str(_bytes_of(file)) for file in files)
    return RmapEdit(rmap.name, rmap.official_name, insert=paths)


def _bytes_of(file: SubmittedFile) -> Path:
    return staging.path_of(file) if file.origin == Origin.LISTED else staging.official_path(file)


def _take(work: SubmissionRun, rmap: SubmittedFile, made: RmapMade, child: CertificationChild) -> None:
    """Store a new rmap with its log; each point that our engine reads differently is an error of the rmap."""
    log = list(child.logs[made.name])
    found = [] if made.errors else _disagreements(work, made)
    log += [["ERROR", text] for text in found]
    for text in found:
        work.say(text, type="error")
    rmap.errors, rmap.warnings, rmap.log = made.errors + len(found), made.warnings, log
    with work.writing():
        rmap.save(update_fields=["errors", "warnings", "log"])
    if not rmap.errors:
        staging.write(staging.official_path(rmap), Path(made.path).read_bytes())
        staging.record(rmap)
        work.say(f"Certified rmap '{made.name}'")


def _disagreements(work: SubmissionRun, made: RmapMade) -> list[str]:
    found = disagreements(
        load_text(get_file(made.old)),
        Path(made.path).read_text(),
        name=made.name,
        observatory=work.observatory.name,
        inserted=made.inserted,
        deleted=made.deleted,
        answers=[(answer.header, answer.text) for answer in made.answers],
    )
    return [one.text for one in found[:SHOWN]]
