"""Texts of the mails about a submission (website, section 9.2).

Each function writes one mail into the outbox. Call it inside the transaction of the event that it reports.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from apps.core.addresses import absolute
from apps.mails import operations as outbox
from apps.mails.plain_text import one_line

SHORT = 60  # characters of the description that a subject has room for
FIRST = 20  # errors, warnings and files that a mail lists; the page behind its link has the others
LONGEST_ITEM = 500  # characters of one error


@dataclass(frozen=True)
class MailFacts:
    """The facts about one submission for its mails, as they are known when the mail is written.

    Links that begin with a slash lead to this server.
    """

    key: str
    kind: str  # Its title, as in the heading of its page.
    instrument: str
    user: str
    user_email: str = ""
    other_emails: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    context: str = ""
    description: str = ""
    log_url: str = ""
    result_url: str = ""
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    new_names: tuple[tuple[str, str], ...] = ()  # Pairs: name as uploaded, official name.
    new_pmap: str = ""
    catalogue: str = ""  # The delivery catalogue for the archive.
    diff_url: str = ""
    reason: str = ""
    acted_by: str = ""
    lock_ends_at: datetime | None = None  # Aware.


def started(facts: MailFacts) -> None:
    """Write that a submission was accepted and will be checked."""
    _post(facts, "started")


def ready(facts: MailFacts) -> None:
    """Write that a submission passed its checks, and that somebody must now confirm or cancel it."""
    _post(facts, "ready")


def failed(facts: MailFacts) -> None:
    """Write that a submission ended because of errors."""
    _post(facts, "failed")


def confirmed(facts: MailFacts, *, is_forced: bool = False) -> None:
    """Write that the files of a submission are official, and who confirmed or forced it."""
    _post(facts, "confirmed", state="FORCED" if is_forced else "CONFIRMED", is_forced=is_forced)


def cancelled(facts: MailFacts) -> None:
    """Write that a submission was cancelled, by whom and why."""
    _post(facts, "cancelled")


def lock_ending(facts: MailFacts) -> None:
    """Write that a ready submission will soon lose its lock, once for each time at which the lock would end.

    Raises
    ------
    ValueError
        Raised if the facts do not say when the lock ends.
    """
    if facts.lock_ends_at is None:
        raise ValueError(f"no end of the lock of submission {facts.key} is given")
    # Activity prolongs the lock. Its new end has a key of its own, so that a new warning is sent for it.
    _post(facts, "lock_ending", state="LOCK ENDING", about=f"lock-ending-{facts.lock_ends_at:%Y%m%dT%H%M%S}")


def _post(facts: MailFacts, name: str, *, state: str = "", about: str = "", is_forced: bool = False) -> None:
    page = _page(facts) | {"is_forced": is_forced, "server": settings.PUBLIC_URL}
    outbox.post(
        key=f"submission-{facts.key}-{about or name}",
        recipients=[facts.user_email, *facts.other_emails],
        subject=_subject(facts, state or name.upper()),
        text=render_to_string(f"submissions/mails/{name}.txt", {"page": page}),
    )


def _subject(facts: MailFacts, state: str) -> str:
    site = f"[CRDS {settings.OBSERVATORY} {settings.SERVER_STRING}]"
    return f"{site} {state} {facts.instrument} {one_line(facts.description or facts.kind, SHORT)}"


def _page(facts: MailFacts) -> dict[str, Any]:
    """Return the facts as templates print them: texts in one line each, long lists cut, the rest counted."""
    lists = {
        "errors": facts.errors,
        "warnings": facts.warnings,
        "files": facts.files,
        "new_names": [f"{uploaded} -> {official}" for uploaded, official in facts.new_names],
    }
    return {
        **{name: one_line(value, 2000) for name, value in asdict(facts).items() if isinstance(value, str)},
        **{name: _cut(list(items)) for name, items in lists.items()},
        **{name: _absolute(getattr(facts, name)) for name in ("log_url", "result_url", "diff_url")},
        "error_count": _count(len(facts.errors), "error"),
        "warning_count": _count(len(facts.warnings), "warning"),
        "lock_ends_at": facts.lock_ends_at,
    }


def _cut(items: list[str]) -> list[str]:
    """Return the first items, each in one line, and the number of the others in place of those."""
    lines = [one_line(item, LONGEST_ITEM) for item in items[:FIRST]]
    return lines if len(items) <= FIRST else [*lines, f"... and {len(items) - FIRST} more"]


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def _absolute(url: str) -> str:
    return absolute(url) if url.startswith("/") else url
