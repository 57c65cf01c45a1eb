"""Drafts of a document: proposed by an operator, checked against files in use, confirmed once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.core.access import Actor, Role, require_role
from apps.core.errors import ConflictError, DeniedError, InvalidInputError
from apps.core.free_text import clean_reason
from apps.jobs import operations as jobs
from apps.observatories import documents
from apps.observatories.models import DefinitionDraft, DefinitionVersion
from apps.observatories.operations.new_versions import replace
from apps.observatories.pipeline import check_draft
from apps.observatories.queries import CHECK_KIND, affected_files

AT_ONCE = 60  # files whose headers are read while somebody waits
KEPT = timedelta(days=30)  # for which drafts that nobody confirmed are kept


def require_operator(actor: Actor) -> None:
    """Refuse somebody who may not change the document.

    Raises
    ------
    DeniedError
        Raised without the role, and for a token: a program that works by itself must not do this.
    """
    require_role(actor, Role.OPERATOR)
    if getattr(actor, "scopes", None) is not None:
        raise DeniedError("Log in with your password or by single sign-on: a token cannot do this.")


def propose(text: str, *, actor: Actor, base: str) -> DefinitionDraft:
    """Keep a text as a draft, and check what files in use would say: now, or by a job if there are many.

    Parameters
    ----------
    base
        The sha1sum of the text that it was made from.

    Raises
    ------
    DeniedError
        Raised as by `require_operator`.
    DefinitionError
        Raised if the text has mistakes.
    InvalidInputError
        Raised if nothing would change.
    ConflictError
        Raised if the document is no longer the one that the text was made from.
    """
    require_operator(actor)
    documents.read(text)
    if base != documents.sha1sum(documents.text()):
        raise ConflictError(
            "Somebody has changed it since you opened this form. Copy what you typed, and start again from "
            "what is in use now."
        )
    newest = DefinitionVersion.objects.first()
    if text == documents.text() and (newest is None or newest.sha1sum == documents.sha1sum(text)):
        raise InvalidInputError("Nothing would change.")
    user = actor.get_username()
    DefinitionDraft.objects.filter(version=None, made_at__lt=timezone.now() - KEPT).delete()
    with transaction.atomic():
        draft = DefinitionDraft.objects.create(text=text, user=user, base=base)
        is_short = sum(place.count for place in affected_files(text)) <= AT_ONCE
        if not is_short:
            jobs.start(CHECK_KIND, subject_id=draft.pk, user=user, channel=None)
    if is_short:
        check_draft(draft)
    return draft


def confirm(
    draft: DefinitionDraft, *, actor: Actor, reason: str, is_accepted: bool = False
) -> DefinitionVersion:
    """Make the text of a draft the document of this server. Confirming again changes nothing.

    Raises
    ------
    DeniedError
        Raised as by `require_operator`.
    InvalidInputError
        Raised without a reason, or if files would fail or something breaks and nobody has accepted that.
    ConflictError
        Raised if the document has changed since, or the check has not ended.
    """
    require_operator(actor)
    reason = clean_reason(reason[:2000])
    if not reason:
        raise InvalidInputError("Give a reason. The public history shows it.")
    with transaction.atomic():
        draft = DefinitionDraft.objects.select_for_update().get(pk=draft.pk)
        if draft.version is not None:
            return draft.version
        if draft.findings is None:
            raise ConflictError("Files in use are still being checked. Wait for the end of the check.")
        if failing(draft.findings) and not is_accepted:
            raise InvalidInputError("Files in use would fail. Say that you accept it, or change the draft.")
        user = actor.get_username()
        version = replace(draft.text, user=user, reason=reason, is_accepted=is_accepted, base=draft.base)
        DefinitionDraft.objects.filter(pk=draft.pk).update(version=version)
    return version


def failing(findings: list[dict[str, Any]]) -> int:
    """Return how many files in use would fail."""
    return sum(place["count"] for place in findings)
