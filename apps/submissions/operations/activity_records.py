"""Activity records of a confirmation, except those of its new files (website, section 6.4)."""

from collections import defaultdict

from apps.catalog import audit
from apps.catalog import queries as catalog
from apps.catalog.models import Action
from apps.submissions.models import Submission, SubmittedFile
from apps.submissions.states import Kind, Origin, Status

_ACTIONS: dict[str, Action] = {Kind.ADD: Action.ADD_REFERENCE, Kind.DELETE: Action.DELETE_REFERENCE}


def record_decision(submission: Submission, files: list[SubmittedFile], *, user: str) -> None:
    """Record that a submission was forced, and what became of the references that it listed.

    Call it in the transaction of the confirmation.
    """
    if submission.status == Status.FORCED:
        details = f"{submission} of {submission.user}"
        audit.noted(Action.FORCE_SUBMIT, user=user, why=submission.description, details=details)
    if submission.kind in _ACTIONS:
        _record_listed(submission, files, user=user)


def _record_listed(submission: Submission, files: list[SubmittedFile], *, user: str) -> None:
    """Record for each listed reference which new rmap got or lost it, and which other references with it."""
    rmaps = {_type(file): file.official_name for file in files if file.origin == Origin.GENERATED}
    members = defaultdict(list)
    for file in files:
        if file.origin == Origin.LISTED:
            members[_type(file)].append(file.official_name)
    for type, names in members.items():
        details = audit.listing(rmaps[type], sorted(names))
        for _, row in sorted(catalog.files_named(names).items()):
            audit.file_changed(
                row,
                action=_ACTIONS[submission.kind],
                user=user,
                why=submission.description,
                details=details,
            )


def _type(file: SubmittedFile) -> tuple[str, str]:
    return file.instrument, file.filekind
