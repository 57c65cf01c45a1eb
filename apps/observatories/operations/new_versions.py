"""The change of the document: its rules, its version, its file and its record, all or nothing."""

from __future__ import annotations

from django.db import transaction

from apps.catalog import audit
from apps.catalog.ledger_lock import lock_ledger
from apps.catalog.models import Action
from apps.core.errors import ConflictError, InvalidInputError
from apps.observatories import documents
from apps.observatories.models import DefinitionVersion
from apps.observatories.operations.first_rules import Changed, change
from apps.observatories.operations.version_records import record, record_first
from apps.observatories.queries import breaks_of
from apps.rules.differences.definition_changes import changes_between
from apps.rules.observatories.definition import Definition
from apps.rules.observatories.overlay import Overlay


def replace(
    text: str, *, user: str, reason: str, is_accepted: bool = False, base: str = ""
) -> DefinitionVersion:
    """Put a new document in the place of the one in use, with the first rules of the types that it adds.

    Every process serves it a moment later. If this is killed before the end, either nothing has changed, or
    the file is newer than its last version; then the page offers to take the file as it is.

    Parameters
    ----------
    is_accepted
        Whether somebody has read what breaks and wants it.
    base
        The sha1sum of the text that the new one was made from; not checked if empty.

    Raises
    ------
    DefinitionError
        Raised if the text has mistakes.
    ConflictError
        Raised if the document has changed since, if something breaks and that is not accepted, or if the file
        cannot be written.
    InvalidInputError
        Raised if nothing would change.
    """
    new = documents.read(text)
    with transaction.atomic():
        lock_ledger()
        old_text = documents.text()
        if base and documents.sha1sum(old_text) != base:
            raise ConflictError(
                "Somebody has changed it since this draft was made. Nothing was changed. Start again from "
                "what is in use now."
            )
        changes = _changes(old_text, new, text)
        record_first()
        version = record(text, new.version, user=user, why=reason, changes=changes)
        if isinstance(new, Overlay):
            _require_acceptance(documents.sound(old_text), new, is_accepted=is_accepted)
        changed = _follow(new, version, user=user, reason=reason, is_accepted=is_accepted)
        if changed.context:
            version.context = changed.context
            version.save(update_fields=["context"])
        # Last of all: if it cannot be written, the rows are taken back.
        documents.write(text)
        transaction.on_commit(lambda: documents.serve(new))
    return version


def _changes(old_text: str, new: documents.Document, text: str) -> list[str]:
    newest = DefinitionVersion.objects.first()
    if old_text == text and newest is not None and newest.sha1sum == documents.sha1sum(text):
        raise InvalidInputError("Nothing would change.")
    found = changes_between(documents.sound(old_text).plain, new.plain)
    return found or ["Only comments or the order of lines."]


def _require_acceptance(old: documents.Document, new: Overlay, *, is_accepted: bool) -> None:
    """Refuse to withdraw values that nobody has said may go; `change` does the same for a definition."""
    if (breaks := breaks_of(old, new)) and not is_accepted:
        raise ConflictError(f"{' '.join(breaks)} Say that you accept it, or change the draft.")


def _follow(
    new: documents.Document, version: DefinitionVersion, *, user: str, reason: str, is_accepted: bool
) -> Changed:
    """Make the rules that follow from a document, and record who wanted it."""
    if isinstance(new, Definition):
        return change(new, user=user, reason=reason, is_accepted=is_accepted, details=version.name)
    told = " ".join((f"{version.name}:", *version.changes))
    audit.noted(Action.CHANGE_DEFINITION, user=user, why=reason, details=told[:4000])
    return Changed()
