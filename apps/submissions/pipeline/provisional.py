"""The policy about provisional files: which submissions of programs are confirmed at once."""

from __future__ import annotations

from django.conf import settings

from apps.catalog.models import File
from apps.rules.naming.file_names import is_mapping
from apps.rules.observatories.policies import is_provisional
from apps.submissions.pipeline.submission_run import SubmissionRun
from apps.submissions.states import Origin
from apps.submissions.successors import find_successors


def note_policy(work: SubmissionRun) -> None:
    """Note that a submission is confirmed at once, or say why it waits for a person although its types may.

    A program never replaces what a person has certified, and never a change that somebody else makes now.
    """
    submission = work.submission
    files = work.files(Origin.UPLOADED, Origin.LOOKUP_TABLE)
    if not submission.is_by_token or not files:
        return
    if not all(is_provisional(settings.OBSERVATORY, file.instrument, file.filekind) for file in files):
        return
    reason = _why_a_person_decides(work)
    with work.writing():  # In either case: an earlier run that was killed may have come to the other result.
        submission.is_provisional = not reason
        submission.save(update_fields=["is_provisional"])
    if reason:
        work.say(f"{reason} So a person must confirm this submission.", type="warning")
        return
    work.say("The definition lets these files be provisional: they are confirmed at once.")


def _why_a_person_decides(work: SubmissionRun) -> str:
    # References of several nights may well have been uploaded under the same name.
    if any(is_mapping(pair["new"]) for pair in work.submission.collisions):
        return "Somebody else changes the same rules."
    replaced = find_successors(work.files())
    certified = File.objects.filter(name__in=replaced, provisional=False).values_list("name", flat=True)
    if certified:
        return f"These files would replace certified ones: {', '.join(sorted(certified)[:5])}."
    return ""
