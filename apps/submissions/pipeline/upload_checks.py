"""First steps: check that the files are those that were uploaded, and that they may be delivered together."""

import logging
import re

from apps.catalog import checksums
from apps.catalog.models import File
from apps.rules.naming.file_names import is_mapping
from apps.submissions import staging
from apps.submissions.errors import RejectedError
from apps.submissions.models import SubmittedFile
from apps.submissions.pipeline.submission_run import SubmissionRun
from apps.submissions.states import ADOPTED, Kind, Origin

logger = logging.getLogger(__name__)

_GEIS = re.compile(r"\.r[0-9][hd]\Z")
NAMED = 20  # files or faults that one message names


def verify_uploads(work: SubmissionRun) -> None:
    """Refuse files whose bytes differ from the sha1sum that was recorded when they arrived.

    Only a fault of this server changes them. Yet the submitter can upload them again. Bytes that have
    not been touched since then are not read here. Those that become official are read when they get their
    official name.
    """
    for file in work.files(Origin.UPLOADED):
        path = staging.path_of(file)
        if not path.is_file() or checksums.of_path(path) != file.sha1sum:
            raise changed_here(work, file)


def changed_here(work: SubmissionRun, file: SubmittedFile) -> RejectedError:
    """Log that a file was changed on our disk after its upload, and return the error that says so."""
    incident = work.job.incident
    logger.error("%s was changed on the disk after its upload, incident %s", staging.path_of(file), incident)
    return RejectedError(
        f"{file.name} has changed on this server since you uploaded it. Upload it again. Incident {incident}."
    )


def refuse_foreign_files(work: SubmissionRun) -> None:
    """Refuse mappings among references, and references among mappings."""
    kind = work.submission.kind
    files = work.files(Origin.UPLOADED)
    mappings = [file.name for file in files if is_mapping(file.name)]
    references = [file.name for file in files if not is_mapping(file.name)]
    if kind == Kind.MAPPINGS and references:
        raise RejectedError(f"Only mappings can be submitted here, not {named(references)}.")
    if kind in (Kind.BATCH, Kind.EXTENDED, Kind.REFERENCES) and mappings:
        raise RejectedError(
            f"Only references can be submitted here, not {named(mappings)}; use Submit Mappings."
        )
    _require_level(work, mappings)


def _require_level(work: SubmissionRun, mappings: list[str]) -> None:
    """Refuse to generate contexts from mappings other than rmaps."""
    upper = [name for name in mappings if not name.endswith(".rmap")]
    if work.submission.kind == Kind.MAPPINGS and work.submission.makes_contexts and upper:
        raise RejectedError(
            f"Generate Contexts works for rmaps only; switch it off to submit {named(upper)} as they are."
        )


def refuse_half_pairs(work: SubmissionRun) -> None:
    """Refuse a GEIS header without its data, and data without their header: neither can be read alone."""
    names = {file.name for file in work.files(Origin.UPLOADED)}
    halves = {name: _other_half(name) for name in sorted(names)}
    missing = [f"{name} needs {other}" for name, other in halves.items() if other and other not in names]
    if missing:
        raise RejectedError(
            f"A GEIS reference is two files, a header and its data: {named(missing)}. "
            "Upload the missing files and submit again."
        )


def _other_half(name: str) -> str:
    """Return the name of the other file of a GEIS pair; empty if this is not the name of a GEIS file.

    Examples
    --------
    >>> _other_half("e4p16298u.r2h"), _other_half("e4p16298u.r2d"), _other_half("x1u1459jo_drk.fits")
    ('e4p16298u.r2d', 'e4p16298u.r2h', '')
    """
    if not _GEIS.search(name):
        return ""
    return name[:-1] + ("d" if name.endswith("h") else "h")


def refuse_other_instruments(work: SubmissionRun) -> None:
    """Refuse files of another instrument than the one that is locked for this submission, if there is one."""
    locked = work.submission.instrument
    others = [
        f"{file.name} ({file.instrument})"
        for file in work.incoming()
        if file.instrument not in {"", locked} and locked
    ]
    if others:
        raise RejectedError(
            f"All files must belong to {locked}, the locked instrument. These do not: {named(others)}."
        )


def note_duplicates(work: SubmissionRun) -> None:
    """Note an error at each file whose bytes are already in CRDS, or twice in the submission."""
    files = work.files(Origin.UPLOADED)
    known = _known(files)
    seen: dict[str, str] = {}
    faults = []
    for file in files:
        twin = known.get(file.sha1sum)
        if twin:
            faults.append((file, f"File '{file.name}' is identical to existing CRDS file '{twin}'"))
        elif file.sha1sum in seen:
            faults.append((file, f"File '{file.name}' is identical to '{seen[file.sha1sum]}' beside it"))
        seen.setdefault(file.sha1sum, file.name)
    for file, fault in faults:
        text = f"In '{file.name}' : Duplicate file check : {fault}"
        _note_error(work, file, text)
        work.say(text, type="error")


def _known(files: list[SubmittedFile]) -> dict[str, str]:
    """Return sha1sum to name of the catalogued files with these bytes.

    Bad and old files count too, and so do the bytes that an official file was uploaded with.
    """
    sums = [file.sha1sum for file in files]
    official = File.objects.filter(sha1sum__in=sums).order_by("-name")
    uploaded = SubmittedFile.objects.filter(sha1sum__in=sums, submission__status__in=ADOPTED)
    found = dict(uploaded.order_by("-official_name").values_list("sha1sum", "official_name"))
    return found | dict(official.values_list("sha1sum", "name"))


def _note_error(work: SubmissionRun, file: SubmittedFile, text: str) -> None:
    if ["ERROR", text] in file.log:
        return  # A worker that died has noted it already.
    with work.writing():
        file.errors = (file.errors or 0) + 1
        file.log = [*file.log, ["ERROR", text]]
        file.save(update_fields=["errors", "log"])


def named(names: list[str]) -> str:
    """Return the names as text for a message: at most `NAMED` of them, then the number of the others."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
