"""What the headers of the references tell the catalogue."""

from apps.catalog.header_facts import facts
from apps.rules.naming.file_names import is_mapping
from apps.submissions import staging
from apps.submissions.pipeline.submission_run import SubmissionRun


def note_facts(work: SubmissionRun) -> None:
    """Keep what the catalogue shows of each reference's header."""
    for file in work.incoming():
        if not is_mapping(file.name):
            file.facts = facts(staging.path_of(file), file.name)
            with work.writing():
                file.save(update_fields=["facts"])
