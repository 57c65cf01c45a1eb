"""Collisions: other files that were derived from the same parent (website, section 8.7).

They are warnings, not errors.
"""

from collections.abc import Iterator

from apps.catalog.models import File
from apps.rules.naming.file_names import is_mapping
from apps.submissions.models import SubmittedFile
from apps.submissions.pipeline.submission_run import SubmissionRun
from apps.submissions.states import ALIVE, Origin


def note_collisions(work: SubmissionRun) -> None:
    """Note every other file, official or pending, that has the same parent as a file of this submission."""
    work.say("Checking for derivation collisions")
    files = work.files(Origin.UPLOADED, Origin.GENERATED)
    own = {file.official_name for file in files}
    found = [
        {"new": file.official_name, "existing": other, "parent": parent}
        for file in files
        for parent, other in sorted(_others(work, file))
        if other not in own
    ]
    with work.writing():
        work.submission.collisions = found
        work.submission.save(update_fields=["collisions"])
    for pair in found:
        work.say(
            f"'{pair['new']}' and '{pair['existing']}' were both derived from '{pair['parent']}'",
            type="warning",
        )


def _others(work: SubmissionRun, file: SubmittedFile) -> Iterator[tuple[str, str]]:
    """Yield parent and name of each other file that has the same parent."""
    pending = SubmittedFile.objects.filter(is_reserved=True, submission__status__in=ALIVE)
    pending = pending.exclude(submission=work.submission)
    if is_mapping(file.official_name):
        parent = file.derived_from
        official = File.objects.filter(derived_from=parent, kind="mapping")
        pending = pending.filter(derived_from=parent)
    else:
        # The name that a reference was uploaded under counts as its parent.
        parent = file.name
        official = File.objects.filter(uploaded_as=parent, kind="reference")
        pending = pending.filter(name=parent)
    if parent:
        names = [*official.values_list("name", flat=True), *pending.values_list("official_name", flat=True)]
        # A file that was uploaded under its official name counts as its own parent.
        yield from ((parent, name) for name in names if name != parent)
