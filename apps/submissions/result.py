"""What the page of one submission shows (website, section 7.9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from apps.accounts.models import User
from apps.jobs.log_page import log_page
from apps.rules.differences import Difference, Differences, DiffLine, logical_differences, text_differences
from apps.rules.errors import CrdsError
from apps.rules.naming.file_names import is_mapping
from apps.rules.observatories import get_observatory
from apps.submissions import queries
from apps.submissions.models import Submission, SubmittedFile
from apps.submissions.outlook import banner, change
from apps.submissions.questionnaire import questions
from apps.submissions.states import LOOKS, Kind, Origin, Status

ROWS = 2000  # rows of a table of differences that the page shows


@dataclass(frozen=True, slots=True)
class Action:
    """What happened to one rmap or other mapping.

    Attributes
    ----------
    old, new
        Names.
    table, lines
        Logical and textual differences; None and empty if the new text is gone, or is no mapping.
    problem
        Why there is no table.
    """

    old: str
    new: str
    table: Differences | None
    lines: tuple[DiffLine, ...]
    problem: str = ""

    @property
    def anchor(self) -> str:
        """What its section is called in the address; no file is called so."""
        return f"actions-{self.new.replace('.', '-')}"

    @property
    def shown(self) -> tuple[Difference, ...]:
        """The rows of the table that the page has room for."""
        return self._telling[:ROWS]

    @property
    def hidden(self) -> int:
        """How many rows it has not."""
        return len(self._telling) - len(self.shown)

    @property
    def _telling(self) -> tuple[Difference, ...]:
        """The rows without those that every new mapping has: another name, parent and checksum."""
        rows = self.table.rows if self.table else ()
        return tuple(row for row in rows if row.kind != "boilerplate")


def page(submission: Submission, user: Any, *, levels: Sequence[str] = ()) -> dict[str, Any]:
    """Return everything the template prints; `levels` are what the address says of the live log.

    Strangers see the result but not the log: whoever knows the key of its channel may abort the job.
    """
    is_known = bool(getattr(user, "is_authenticated", False))
    files = list(submission.files.select_related("submission"))
    generated = [file for file in files if file.origin == Origin.GENERATED]
    made, may = actions(files), buttons(submission, user)
    judged = [file for file in files if file.errors is not None and not _is_context(file)]
    shown = {
        "submission": submission,
        "look": LOOKS.get(submission.status, "calm"),
        "banner": banner(submission, user, [file for file in judged if file not in generated], may),
        "changes_title": _changes_title(submission),
        "changes": [change(action.table, anchor=action.anchor) for action in made if action.table],
        "heading": f"{submission.title} Results",
        "is_live": _is_live(submission),
        "log": _live_log(submission, levels) if is_known and _is_live(submission) else None,
        "is_adopted": submission.is_adopted,
        "files": [file for file in files if file.origin != Origin.GENERATED],
        "generated": sorted(generated, key=_level),
        "is_context_awaited": _is_context_awaited(submission, files),
        "judged": judged,
        "actions": made,
        "records": answers(submission),
        "buttons": may,
        "is_known": is_known,
    }
    return shown | {"contents": _contents(shown)}


def _contents(shown: dict[str, Any]) -> list[tuple[str, str]]:
    """Return anchor and title of each section that the page has, in its order."""
    submission: Submission = shown["submission"]
    sections = (
        ("status", "Status", True),
        ("changes", shown["changes_title"], shown["changes"]),
        ("context", "Starting Context", True),
        ("generated", "Generated New Mappings", shown["generated"] or shown["is_context_awaited"]),
        ("collisions", "Edit Collision Warnings", submission.collisions),
        ("files", "Files", shown["files"]),
        ("certified", "Certify Results", shown["judged"]),
        *((action.anchor, f"Actions on {action.old}", True) for action in shown["actions"]),
        ("tests", "Integration Test Results", submission.tests),
        ("answers", "Questionnaire", shown["records"]),
        ("decide", "Confirm or Abort Submission", any(shown["buttons"].values())),
    )
    return [(anchor, title) for anchor, title, has_it in sections if has_it]


def _changes_title(submission: Submission) -> str:
    if submission.is_alive:
        return "What will change"
    return "What changed" if submission.is_adopted else "What would have changed"


def _is_live(submission: Submission) -> bool:
    return submission.status in (Status.STARTED, Status.PROCESSING)


def _live_log(submission: Submission, levels: Sequence[str]) -> dict[str, Any]:
    """Return the log, with this page as what to look at once it has ended, however it does."""
    return log_page(submission.channel, levels=levels) | {"result": f"/display_result/{submission.key}"}


def _level(file: SubmittedFile) -> tuple[int, str]:
    """Sort pmaps before imaps before rmaps."""
    order = (".pmap", ".imap", ".rmap")
    return order.index(file.official_name[-5:]), file.official_name


def _is_context(file: SubmittedFile) -> bool:
    return file.origin == Origin.GENERATED and not file.official_name.endswith(".rmap")


def _is_context_awaited(submission: Submission, files: list[SubmittedFile]) -> bool:
    has_rmap = any(file.official_name.endswith(".rmap") for file in files)
    return submission.status == Status.READY and submission.makes_contexts and has_rmap


def actions(files: list[SubmittedFile]) -> list[Action]:
    """Return what changed in each mapping that a new one was made of."""
    changed = [file for file in files if is_mapping(file.official_name) and file.derived_from]
    found = (_action(file) for file in changed if not _is_context(file))
    return [action for action in found if action is not None]


def _action(file: SubmittedFile) -> Action | None:
    old_name, new_name = file.derived_from, file.official_name
    old, new = queries.parent_text(file), queries.text_of(file)
    if old is None or new is None:
        return None
    lines = text_differences(old, new, old_name=old_name, new_name=new_name)
    try:
        table = logical_differences(
            old, new, old_name=old_name, new_name=new_name, observatory=settings.OBSERVATORY
        )
    except CrdsError as exc:
        return Action(old_name, new_name, None, lines, problem=str(exc))
    return Action(old_name, new_name, table, lines)


def answers(submission: Submission) -> list[tuple[str, str]]:
    """Return label and answer of the questions of the extended form, in the order they were asked."""
    if submission.kind != Kind.EXTENDED:
        return []
    asked = questions(get_observatory(settings.OBSERVATORY))
    given = submission.answers
    return [(question.label, str(given[question.key])) for question in asked if question.key in given]


def buttons(submission: Submission, user: Any) -> dict[str, bool]:
    """Return which buttons somebody may press; all are off for strangers."""
    if not isinstance(user, User) or not user.has_role("submitter", submission.instrument):
        return {"confirm": False, "force": False, "cancel": False}
    is_ready = submission.status == Status.READY
    is_own = user.get_username() == submission.user
    is_protected = queries.is_protected(submission)
    return {
        "confirm": is_ready and is_own and is_protected,
        "force": is_ready and not is_protected,
        "cancel": submission.is_alive and (is_own or not is_protected),
    }
