"""Mappings that people deliver: the files they name must be in CRDS, and their headers get official names."""

from apps.catalog import queries as catalog
from apps.rules.errors import MappingError
from apps.rules.lookup.compiler import compile_mapping
from apps.rules.naming.file_names import is_mapping
from apps.rules.text.derived_mappings import renamed
from apps.rules.text.parser import parse_mapping
from apps.submissions import staging
from apps.submissions.errors import RejectedError
from apps.submissions.models import SubmittedFile
from apps.submissions.pipeline.submission_run import SubmissionRun
from apps.submissions.states import Origin

NAMED = 10  # unknown files that a message names


def refuse_unknown_members(work: SubmissionRun) -> None:
    """Refuse mappings that name files which are not in CRDS, or mappings which are marked bad."""
    complaints = []
    for file in work.files(Origin.UPLOADED):
        compiled = compile_mapping(
            _text(file), name=file.name, observatory=work.observatory, verify_checksum=False
        )
        members = {*compiled.children, *compiled.references}
        known = catalog.files_named(members)
        unknown = sorted(members - set(known))
        bad = sorted(name for name, row in known.items() if row.is_bad and is_mapping(name))
        if unknown:
            complaints.append(f"{file.name} refers to {', '.join(unknown[:NAMED])}, not known to this server")
        if bad:
            complaints.append(f"{file.name} refers to {', '.join(bad[:NAMED])}, marked bad")
    if complaints:
        raise RejectedError("; ".join(complaints) + ". Submit and confirm the files they name first.")


def note_origins(work: SubmissionRun) -> None:
    """Note which mapping each file was derived from.

    Raises
    ------
    RejectedError
        Raised if a mapping keeps its name, and its header gives another one.
    """
    for file in work.files(Origin.UPLOADED):
        header = parse_mapping(_text(file), file.name).header
        own = str(header.get("name", ""))
        if work.submission.is_renamed:
            file.derived_from = own if own.endswith(_extension(file)) else ""
        elif own != file.name:
            raise RejectedError(
                f"{file.name} says in its header that its name is {own!r}; "
                "without Auto-Rename both must agree."
            )
        else:
            file.derived_from = str(header.get("derived_from", ""))
        with work.writing():
            file.save(update_fields=["derived_from"])


def stage_mappings(work: SubmissionRun) -> None:
    """Write each mapping under its official name, with derivation and checksum in its header."""
    for file in work.files(Origin.UPLOADED):
        work.say(f"Renaming '{file.name}' --> '{file.official_name}'")
        text = renamed(_text(file), name=file.official_name, derived_from=file.derived_from)
        staging.write(staging.official_path(file), text.encode())
        staging.record(file)


def _extension(file: SubmittedFile) -> str:
    return file.name[file.name.rindex(".") :]


def _text(file: SubmittedFile) -> str:
    try:
        return staging.path_of(file).read_text()
    except UnicodeDecodeError as exc:
        raise MappingError(f"{file.name} is not text: {exc}") from exc
