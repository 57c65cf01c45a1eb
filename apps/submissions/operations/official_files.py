"""The catalogue rows of files that become official."""

from datetime import datetime

from django.conf import settings
from django.utils import timezone

from apps.catalog import audit
from apps.catalog.file_kinds import kind_of
from apps.catalog.mapping_text import Named, look
from apps.catalog.models import Action, File
from apps.catalog.pipeline.contents import note
from apps.catalog.states import FileState
from apps.rules.naming.file_names import is_mapping
from apps.submissions import staging
from apps.submissions.models import SubmittedFile
from apps.submissions.states import Origin


def adopt_files(files: list[SubmittedFile], *, user: str, is_provisional: bool = False) -> list[File]:
    """Add the files to the catalogue, and return the new rows; call it in the transaction that confirms.

    Parameters
    ----------
    is_provisional
        Whether nobody has looked at the references; mappings are never provisional.
    """
    now = timezone.now()
    rows = [
        File.objects.create(
            **_columns(file),
            provisional=is_provisional and not is_mapping(file.official_name),
            delivered_at=now,
            held_at=now,
        )
        for file in files
    ]
    note(_named(files))
    for file, row in zip(files, rows, strict=True):
        _record(file, row, user=user)
    return rows


def _named(files: list[SubmittedFile]) -> dict[str, Named]:
    """Return, by its official name, the files that each mapping among `files` names."""
    names = {file.official_name: file for file in files if is_mapping(file.official_name)}
    texts = {name: staging.load(file).decode("utf-8") for name, file in sorted(names.items())}
    return {name: look(text, is_rmap=name.endswith(".rmap")).named for name, text in texts.items()}


def _columns(file: SubmittedFile) -> dict[str, object]:
    submission = file.submission
    columns: dict[str, object] = {
        "name": file.official_name,
        "kind": kind_of(file.official_name),
        "observatory": settings.OBSERVATORY,
        "instrument": file.instrument,
        "filekind": file.filekind,
        "size": file.official_size,
        "sha1sum": file.official_sha1sum,
        "state": FileState.DELIVERED,
        "uploaded_as": file.name,
        "derived_from": _parent(file),
        "change_level": submission.change_level,
        "deliverer": submission.user,
        "deliverer_email": submission.user_email,
        "creator": submission.creator,
        "description": submission.description,
    }
    facts = dict(file.facts)
    if "useafter_at" in facts:
        columns["useafter_at"] = datetime.fromisoformat(facts.pop("useafter_at"))
    if submission.creator:
        facts.pop("creator", None)
    return {**columns, **facts}


def _parent(file: SubmittedFile) -> str:
    """Return the parent of a file: a mapping names its own, a reference mostly has none ("none")."""
    return file.derived_from or ("" if is_mapping(file.official_name) else "none")


def _record(file: SubmittedFile, row: File, *, user: str) -> None:
    """Record what no other step records: the parent of a generated mapping, or the old name of a file."""
    why = file.submission.description
    if file.origin == Origin.GENERATED:
        audit.file_changed(
            row,
            action=Action.GENERATE_MAPPING,
            user=user,
            why=why,
            details=f"derived from {file.derived_from}",
        )
    elif file.name != file.official_name:
        audit.file_changed(
            row, action=Action.RENAME, user=user, why=why, details=f"{file.name} --> {file.official_name}"
        )
