"""A file that is not official yet, for people who logged in."""

from dataclasses import dataclass

from apps.rules.naming.file_names import is_mapping as is_mapping_name
from apps.submissions import queries
from apps.submissions.models import SubmittedFile
from apps.web.file_pages.catalog_record import RecordRow
from apps.web.file_pages.mapping_text import Contents, contents
from apps.web.file_pages.wording import NOTHING, as_size


@dataclass(frozen=True, slots=True)
class Pending:
    """The content of the page of such a file; `address` is the page of its submission."""

    name: str
    title: str
    address: str
    rows: list[RecordRow]
    contents: Contents | None


def pending_page(file: SubmittedFile) -> Pending:
    """Return the page of a file whose submission is not finished."""
    submission = file.submission
    is_mapping = is_mapping_name(file.official_name)
    text = queries.text_of(file) if is_mapping else None
    return Pending(
        name=file.official_name,
        title=submission.title,
        address=submission.get_absolute_url(),
        rows=[
            RecordRow("CRDS Name", file.official_name, badge="warn"),
            RecordRow("Uploaded Name", file.name),
            RecordRow("Sha1sum", file.official_sha1sum or file.sha1sum or NOTHING),
            RecordRow("Size (bytes)", as_size(file.official_size or file.size)),
            RecordRow("Status", "uploaded", badge="warn"),
            RecordRow("Reason for Delivery", submission.description or NOTHING),
            RecordRow("Derived From", file.derived_from or NOTHING),
            RecordRow("Change Level", submission.change_level.upper()),
            RecordRow("Instrument", file.instrument or NOTHING),
            RecordRow("Reference Type", file.filekind or NOTHING),
            RecordRow("Deliverer", submission.user),
        ],
        contents=contents(text) if text is not None else None,
    )
