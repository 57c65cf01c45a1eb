"""The contents of the page of one submission (website, section 7.9)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse

from apps.accounts.models import User
from apps.core.access import Role, login_address
from apps.jobs.log_page import log_page
from apps.rules.differences import Difference, Differences, DiffLine, logical_differences, text_differences
from apps.rules.errors import CrdsError
from apps.rules.naming.file_names import is_mapping
from apps.rules.observatories import get_observatory
from apps.submissions import queries
from apps.submissions.forms.questions import questions
from apps.submissions.models import Submission, SubmittedFile
from apps.submissions.operations.permissions import (
    require_cancel,
    require_confirm,
    require_force,
    require_repeat,
)
from apps.submissions.pages.repair import repairs_of
from apps.submissions.pages.result_summary import FORMS, banner, change
from apps.submissions.states import LOOKS, Kind, Origin, Status
from apps.submissions.uploads import ingest_area

ROWS = 2000  # most rows of a table of differences that the page shows


@dataclass(frozen=True, slots=True)
class MappingAction:
    """The change of one rmap or other mapping.

    Attributes
    ----------
    old, new
        Names of the mapping before and after the change.
    table, lines
        Logical and textual differences; None and empty if the new text is gone or is not a mapping.
    problem
        The reason why there is no table; empty if there is one.
    """

    old: str
    new: str
    table: Differences | None
    lines: tuple[DiffLine, ...]
    problem: str = ""

    @property
    def anchor(self) -> str:
        """Name of its section in the address; no file has this name."""
        return f"actions-{self.new.replace('.', '-')}"

    @property
    def shown(self) -> tuple[Difference, ...]:
        """The rows of the table that the page shows."""
        return self._telling[:ROWS]

    @property
    def hidden(self) -> int:
        """Number of rows that the page does not show."""
        return len(self._telling) - len(self.shown)

    @property
    def _telling(self) -> tuple[Difference, ...]:
        """The rows without those that every new mapping has: another name, parent and checksum."""
        rows = self.table.rows if self.table else ()
        return tuple(row for row in rows if row.kind != "boilerplate")


def page(submission: Submission, user: User | None, *, levels: Sequence[str] = ()) -> dict[str, Any]:
    """Return everything that the template prints; `levels` are the log levels that the address asks for.

    People who are not logged in see the result but not the log: whoever knows the key of its channel may
    abort the job.
    """
    is_known = user is not None
    files = list(submission.files.select_related("submission"))
    area = _area(submission, user)
    generated = [file for file in files if file.origin == Origin.GENERATED]
    made, refusals = actions(files), why_not(submission, user)
    may = {button: is_known and not reason for button, reason in refusals.items()}
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
        # The names of a submission that came to nothing lead nowhere.
        "has_names": submission.is_adopted or submission.is_alive,
        "files": [file for file in files if file.origin != Origin.GENERATED],
        "generated": sorted(generated, key=_level),
        "is_context_awaited": _is_context_awaited(submission, files),
        "judged": judged,
        "again": _again(submission, user),
        "repetition": submission.repetitions.first() if is_known else None,
        "may_repeat": area is not None,
        "repairs": repairs_of(submission, [file for file in files if file.origin != Origin.GENERATED], area),
        "actions": made,
        "records": answers(submission),
        "buttons": may,
        "refusals": refusals if is_known and submission.is_alive else {},
        "is_undecided": submission.is_alive and (is_known or submission.status == Status.READY),
        "login": login_address(next=page_address(submission), instrument=submission.instrument),
        "is_known": is_known,
    }
    return shown | {"contents": _contents(shown)}


def _contents(shown: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the anchor and title of each section of the page, in the order of the page."""
    submission: Submission = shown["submission"]
    sections = (
        ("status", "Status", True),
        ("repair", "What to Repair", shown["repairs"]),
        ("changes", shown["changes_title"], shown["changes"]),
        ("context", "Starting Context", True),
        ("generated", "Generated New Mappings", shown["generated"] or shown["is_context_awaited"]),
        ("collisions", "Edit Collision Warnings", submission.collisions),
        ("files", "Files", shown["files"]),
        ("certified", "Certify Results", shown["judged"]),
        *((action.anchor, f"Actions on {action.old}", True) for action in shown["actions"]),
        ("tests", "Integration Test Results", submission.tests),
        ("answers", "Questionnaire", shown["records"]),
        ("decide", "Confirm or Abort Submission", shown["is_undecided"]),
    )
    return [(anchor, title) for anchor, title, has_it in sections if has_it]


def _again(submission: Submission, user: User | None) -> str:
    """Return the address of the form with the texts of a failed submission; empty for other people."""
    is_mine = user is not None and user.get_username() == submission.user
    if submission.status != Status.FAILED or not is_mine:
        return ""
    if submission.kind == Kind.EXTENDED:
        return f"{reverse('submissions:extended')}?copy={submission.key}"
    return reverse(FORMS[Kind(submission.kind)])


def _area(submission: Submission, user: User | None) -> dict[str, str] | None:
    """Return name and sha1sum of the uploaded files of a person who may check them again, else None."""
    if user is None or not user.has_role(Role.SUBMITTER, submission.instrument):
        return None
    try:
        require_repeat(submission, user=user)
    except CrdsError:
        return None
    if submission.status == Status.CERTIFIED and not submission.files.filter(errors__gt=0).exists():
        return None
    return {row.name: row.sha1sum for row in ingest_area.files_of(user.pk)}


def _changes_title(submission: Submission) -> str:
    if submission.is_alive:
        return "What will change"
    return "What changed" if submission.is_adopted else "What would have changed"


def _is_live(submission: Submission) -> bool:
    return submission.status in (Status.STARTED, Status.PROCESSING)


def _live_log(submission: Submission, levels: Sequence[str]) -> dict[str, Any]:
    """Return the live log; however the job ends, the log then links to this page."""
    return log_page(submission.channel, levels=levels) | {"result": page_address(submission)}


def _level(file: SubmittedFile) -> tuple[int, str]:
    """Return the sort key that puts pmaps before imaps before rmaps."""
    order = (".pmap", ".imap", ".rmap")
    return order.index(file.official_name[-5:]), file.official_name


def _is_context(file: SubmittedFile) -> bool:
    return file.origin == Origin.GENERATED and not file.official_name.endswith(".rmap")


def _is_context_awaited(submission: Submission, files: list[SubmittedFile]) -> bool:
    has_rmap = any(file.official_name.endswith(".rmap") for file in files)
    return submission.status == Status.READY and submission.makes_contexts and has_rmap


def actions(files: list[SubmittedFile]) -> list[MappingAction]:
    """Return the change of each mapping from which a new mapping was made."""
    changed = [file for file in files if is_mapping(file.official_name) and file.derived_from]
    found = (_action(file) for file in changed if not _is_context(file))
    return [action for action in found if action is not None]


def _action(file: SubmittedFile) -> MappingAction | None:
    old_name, new_name = file.derived_from, file.official_name
    try:
        old, new = queries.parent_text(file), queries.text_of(file)
    except CrdsError as exc:
        return MappingAction(old_name, new_name, None, (), problem=str(exc))
    if old is None or new is None:
        return None
    lines = text_differences(old, new, old_name=old_name, new_name=new_name)
    try:
        table = logical_differences(
            old, new, old_name=old_name, new_name=new_name, observatory=settings.OBSERVATORY
        )
    except CrdsError as exc:
        return MappingAction(old_name, new_name, None, lines, problem=str(exc))
    return MappingAction(old_name, new_name, table, lines)


def answers(submission: Submission) -> list[tuple[str, str]]:
    """Return the label and answer of each question of the extended form, in the order of the form.

    Other forms have no questions: the list is empty.
    """
    if submission.kind != Kind.EXTENDED:
        return []
    all_questions = questions(get_observatory(settings.OBSERVATORY))
    given = submission.answers
    return [(question.label, str(given[question.key])) for question in all_questions if question.key in given]


def page_address(submission: Submission) -> str:
    """Return the address of the page of a submission on this server."""
    return reverse("submissions:result", args=[submission.key])


_BUTTONS = {"confirm": require_confirm, "force": require_force, "cancel": require_cancel}


def why_not(submission: Submission, user: User | None) -> dict[str, str]:
    """Return for each button the reason why `user` may not press it; empty if it would work."""
    if user is None:
        return dict.fromkeys(_BUTTONS, "Log in first.")
    protection = queries.find_protection(submission)

    def refusal(require: Callable[..., None]) -> str:
        try:
            require(submission, user=user, protection=protection)
        except CrdsError as exc:
            return str(exc)
        return ""

    return {button: refusal(require) for button, require in _BUTTONS.items()}
