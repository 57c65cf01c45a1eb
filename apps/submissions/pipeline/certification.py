"""Checks by the library: of each file, and of all files together in a trial rmap."""

from collections.abc import Iterable
from itertools import chain, islice, zip_longest

from apps.certify.errors import BrokenCheckError
from apps.certify.messages import FileVerdict, RmapMade
from apps.core.free_text import storable
from apps.submissions import staging
from apps.submissions.errors import RejectedError
from apps.submissions.models import SubmittedFile
from apps.submissions.pipeline.child_jobs import CertificationChild, job_for, with_files
from apps.submissions.pipeline.submission_run import SubmissionRun
from apps.submissions.pipeline.upload_checks import named
from apps.submissions.states import Kind, Origin

TRYING = (Kind.BATCH, Kind.EXTENDED, Kind.CERTIFY)
NONE = ("", "N/A", "OMIT", "TEMPORARILY_OMIT")
SHOWN = 5  # errors that the reason of a failure quotes


def certify_files(work: SubmissionRun) -> None:
    """Certify every file; a file that breaks its child gets an error, and the others are still checked."""
    files = {file.name: file for file in work.incoming()}
    waiting = dict(files)
    # An earlier run of this step may have broken off. Its results no longer count.
    with work.writing():
        for file in files.values():
            file.errors, file.warnings, file.log = None, 0, []
            file.save(update_fields=["errors", "warnings", "log"])
    while waiting:
        try:
            _run(work, waiting, is_whole=len(waiting) == len(files))
        except BrokenCheckError as exc:
            if exc.file not in waiting:
                raise
            _judge(work, waiting.pop(exc.file), [["ERROR", str(exc)]], errors=1, warnings=0)
            work.say(str(exc), type="error")
        else:
            break


def _run(work: SubmissionRun, waiting: dict[str, SubmittedFile], *, is_whole: bool) -> None:
    """Certify the files in `waiting`, and take each out when its verdict is stored."""
    paths = [staging.path_of(file) for file in waiting.values()]
    for number, file in enumerate(waiting.values(), 1):
        work.say(f"Certifying '{file.name}' [{number} / {len(waiting)} files] [{file.size or 0} bytes]")
    # A file that is already official may be in its rmap already, so it is not inserted on trial.
    is_new = all(file.origin != Origin.LISTED for file in waiting.values())
    is_tried = is_whole and is_new and work.submission.kind in TRYING
    job = with_files(job_for(work), paths, is_tried=is_tried)
    child = CertificationChild(work, job)
    try:
        for event in child.events():
            if isinstance(event, FileVerdict):
                file = waiting.pop(event.name)
                # A header may hold any text. If it is not a name that we know, the file also has errors.
                file.instrument = storable(event.instrument)[:32]
                file.filekind = storable(event.filekind)[:64]
                _judge(work, file, child.logs[event.name], errors=event.errors, warnings=event.warnings)
            elif isinstance(event, RmapMade):
                _keep_trial(work, event, child)
    finally:
        child.clear()


def _judge(
    work: SubmissionRun, file: SubmittedFile, log: list[list[str]], *, errors: int, warnings: int
) -> None:
    file.errors, file.warnings, file.log = errors, warnings, log
    with work.writing():
        file.save(update_fields=["instrument", "filekind", "errors", "warnings", "log"])


def _keep_trial(work: SubmissionRun, made: RmapMade, child: CertificationChild) -> None:
    kind = f"{made.instrument} {made.filekind}".strip()
    name = f"trial insertion into the rmap of {kind}"
    keep_result(work, name, made.errors, made.warnings, child.logs[kind])
    if not made.errors:
        work.say(
            f"Trial insertion of {len(made.inserted)} references into '{made.old}' "
            f"based on context '{work.submission.base}'"
        )


def keep_result(work: SubmissionRun, name: str, errors: int, warnings: int, log: list[list[str]]) -> None:
    """Store the result of a check of several files together; it replaces an earlier one of the same name."""
    status = "ERRORS" if errors else "Warnings" if warnings else "OK"
    result = {"name": name, "status": status, "errors": errors, "warnings": warnings, "log": log}
    with work.writing():
        work.submission.tests = [
            *(other for other in work.submission.tests if other["name"] != name),
            result,
        ]
        work.submission.save(update_fields=["tests"])


def refuse_errors(work: SubmissionRun) -> None:
    """End the submission if any check found an error. A certify run never ends here: it only has verdicts.

    Raises
    ------
    RejectedError
        Raised with the number of errors, the names of the files and checks that have them, and the first few.
    """
    if work.submission.kind == Kind.CERTIFY:
        return
    files = [file for file in work.files() if file.errors]
    failed = [result for result in work.submission.tests if result["errors"]]
    if not files and not failed:
        return
    logs = {file.official_name or file.name: file.log for file in files}
    logs |= {result["name"]: result["log"] for result in failed}
    total = sum(file.errors or 0 for file in files) + sum(result["errors"] for result in failed)
    count = "1 error" if total == 1 else f"{total} errors"
    hint = without_rmap(work, {(file.instrument, file.filekind) for file in files if file.filekind})
    raise RejectedError(f"Certification found {count} in {named(list(logs))}. {_quoted(logs)} {hint}".strip())


def without_rmap(work: SubmissionRun, types: Iterable[tuple[str, str]]) -> str:
    """Return advice about the pairs of instrument and type that the base has no rmap for; empty if none."""
    missing = [
        f"{filekind!r} of {instrument!r}"
        for instrument, filekind in sorted(types)
        if work.base.rmaps.get((instrument, filekind), "") in NONE
    ]
    if not missing:
        return ""
    return (
        f"{work.submission.base} has no rmap for {', '.join(missing)}. "
        "Submit a first rmap for it with Submit Mappings, then the references."
    )


def _quoted(logs: dict[str, list[list[str]]]) -> str:
    """Return the first few errors: the first one of every file, then the second ones, and so on."""
    errors = (
        [text if name in text else f"{name}: {text}" for level, text in log if level == "ERROR"]
        for name, log in logs.items()
    )
    in_turn = chain.from_iterable(zip_longest(*errors))
    return " ".join(islice(filter(None, in_turn), SHOWN))
