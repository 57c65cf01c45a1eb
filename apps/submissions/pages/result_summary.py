"""The top of a result page: what happened, what to do next, and what will change."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apps.accounts.models import User
from apps.locks.models import Lock
from apps.rules.differences import Difference, Differences
from apps.submissions.models import Submission, SubmittedFile
from apps.submissions.states import UPLOADING, Kind, Status

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_ADDED, _DELETED = ("added", "added_rule"), ("deleted", "deleted_rule")
_CASES = (*_ADDED, *_DELETED, "replaced")

# The form for another attempt, by kind of submission.
FORMS = {
    Kind.BATCH: "submissions:batch",
    Kind.EXTENDED: "submissions:extended",
    Kind.REFERENCES: "submissions:references",
    Kind.MAPPINGS: "submissions:mappings",
    Kind.ADD: "submissions:add_references",
    Kind.DELETE: "submissions:delete_references",
    Kind.CERTIFY: "submissions:certify",
}


@dataclass(frozen=True, slots=True)
class ResultBanner:
    """The state of a submission in two sentences.

    Attributes
    ----------
    look
        Colour of the notice: ``good``, ``warn``, ``bad`` or empty.
    happened, next
        What has happened, and what to do now; `next` may be empty.
    is_mine_to_decide
        Whether the reader may press a button further down.
    form
        Name of the address of the form for another attempt; empty where there is nothing to repeat.
    """

    look: str
    happened: str
    next: str = ""
    is_mine_to_decide: bool = False
    form: str = ""


def banner(
    submission: Submission, user: User | None, files: Sequence[SubmittedFile], may: dict[str, bool]
) -> ResultBanner:
    """Return the banner at the top of the page; `may` says which buttons the reader may press."""
    status = submission.status
    if status in (Status.STARTED, Status.PROCESSING):
        return ResultBanner("", "The files are being checked.", "Wait until the log shows the result.")
    if status == Status.READY:
        return _ready(submission, user, files, may)
    if status == Status.CERTIFIED:
        return _certified(files)
    if submission.is_adopted:
        return _adopted(submission)
    return _given_up(submission)


def _ready(
    submission: Submission, user: User | None, files: Sequence[SubmittedFile], may: dict[str, bool]
) -> ResultBanner:
    warned = sum(1 for file in files if file.warnings)
    happened = f"All checks passed{f', with warnings for {warned} of the files' if warned else ''}."
    if submission.collisions:
        happened += " Somebody else has changed the same rules in the meantime."
    look = "warn" if warned or submission.collisions else "good"
    if may["confirm"]:
        lock = submission.find_lock()
        return ResultBanner(look, happened, f"Check the changes, then confirm {_until(lock)}.", True)
    if may["force"]:
        text = "No lock protects this submission any longer. You can only force or cancel it."
        return ResultBanner("warn", happened, text, True)
    if user is not None:
        return ResultBanner(look, happened, f"{submission.user} decides whether to confirm or cancel it.")
    return ResultBanner(look, happened, "The submitter must log in and confirm or cancel it.")


def _until(lock: Lock | None) -> str:
    if lock is None:
        return "before the lock ends"
    return f"before the lock ends at {lock.expires_at:%H:%M} UTC; each of your actions extends it"


def _certified(files: Sequence[SubmittedFile]) -> ResultBanner:
    wrong = sum(1 for file in files if file.errors)
    warned = sum(1 for file in files if file.warnings and not file.errors)
    if wrong:
        text = f"{wrong} of {len(files)} files have errors."
        return ResultBanner("bad", text, "Correct them, then certify them again.", form=FORMS[Kind.CERTIFY])
    if warned:
        text = f"No file has errors. {warned} of {len(files)} have warnings."
        return ResultBanner("warn", text, "Read the warnings before you submit the files.")
    return ResultBanner("good", "Every file passed all checks.", "You can submit them.")


def _adopted(submission: Submission) -> ResultBanner:
    if submission.new_context:
        text = f"The files are official. The new context is {submission.new_context}."
        return ResultBanner(
            "good", text, "When the archive has the files, an operator makes this context the latest."
        )
    text = "The files are official. No new context was made."
    next_text = (
        "They apply to no data until a context contains them." if submission.kind == Kind.REFERENCES else ""
    )
    return ResultBanner("good", text, next_text)


def _given_up(submission: Submission) -> ResultBanner:
    form = FORMS[Kind(submission.kind)]
    if submission.status == Status.FAILED:
        text = "The submission failed. Nothing was changed."
        again = "Correct the request and submit it again."
        if submission.kind in UPLOADING:
            again = "Replace the bad files below, then check again. Your texts and uploaded files are kept."
        return ResultBanner("bad", text, again, form=form)
    if submission.status == Status.CANCELLED:
        return ResultBanner("warn", "The submission was cancelled. Nothing was changed.", form=form)
    again = "Check the files again. They are kept." if submission.kind in UPLOADING else ""
    return ResultBanner("warn", "The submission timed out. Nothing was changed.", again, form=form)


@dataclass(frozen=True, slots=True)
class Change:
    """Counts of the changes that one new mapping makes.

    Attributes
    ----------
    added, replaced, deleted
        Numbers of entries of references or mappings.
    other
        Number of changes of headers and selectors, which a person should look at.
    cases
        Number of sets of matching values that are concerned.
    first, last
        First and last useafter date of the entries, as the mapping writes them; empty if they have none.
    anchor
        Anchor of the whole table on the page.
    """

    old: str
    new: str
    added: int
    replaced: int
    deleted: int
    other: int
    cases: int
    first: str
    last: str
    anchor: str


def change(table: Differences, *, anchor: str) -> Change:
    """Return the counts of a table of differences."""
    cases = [row for row in table.rows if row.kind in _CASES]
    dates = sorted(filter(None, map(_useafter, cases)))
    return Change(
        old=table.old,
        new=table.new,
        added=_count(cases, _ADDED),
        replaced=_count(cases, ("replaced",)),
        deleted=_count(cases, _DELETED),
        other=sum(1 for row in table.rows if row.kind not in (*_CASES, "boilerplate")),
        cases=len({_case(row) for row in cases}),
        first=dates[0] if dates else "",
        last=dates[-1] if dates else "",
        anchor=anchor,
    )


def _count(rows: Iterable[Difference], kinds: Sequence[str]) -> int:
    return sum(1 for row in rows if row.kind in kinds)


def _useafter(row: Difference) -> str:
    """Return the useafter date of an entry; empty if none of its keys is a date."""
    return next((text for step in row.steps if _DATE.match(text := " ".join(step))), "")


def _case(row: Difference) -> tuple[tuple[str, ...], ...]:
    """Return the matching values of an entry, without its date."""
    return tuple(step for step in row.steps if not _DATE.match(" ".join(step)))
