"""Facts that the catalogue takes from the headers of references."""

from apps.catalog.header_facts import facts
from apps.rules.naming.file_names import is_mapping
from apps.submissions import staging
from apps.submissions.pipeline.submission_run import SubmissionRun


def note_facts(work: SubmissionRun) -> None:
    """Store the facts from the header of each reference that the catalogue shows."""
    for file in work.incoming():
        if not is_mapping(file.name):
            file.facts = facts(staging.path_of(file), file.name)
            with work.writing():
                file.save(update_fields=["facts"])
