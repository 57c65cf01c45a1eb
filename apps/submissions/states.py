"""Kinds and statuses of submissions, origins of their files, and modes of contexts (website, section 8.2)."""

from django.db.models import TextChoices


class Kind(TextChoices):
    """The kind of a submission."""

    BATCH = "batch", "Batch Reference Submit"
    EXTENDED = "extended", "Extended Batch Reference Submit"
    REFERENCES = "references", "Submit References"
    MAPPINGS = "mappings", "Submit Mappings"
    ADD = "add", "Add References"
    DELETE = "delete", "Delete References"
    CERTIFY = "certify", "Certify Files"


# Kinds whose files come from the ingest area. The others name files that are already on this server.
UPLOADING = (Kind.BATCH, Kind.EXTENDED, Kind.REFERENCES, Kind.MAPPINGS, Kind.CERTIFY)
# Kinds that insert references into rmaps, or delete them from rmaps.
RMAP_MAKING = (Kind.BATCH, Kind.EXTENDED, Kind.ADD, Kind.DELETE)


class Status(TextChoices):
    """The status of a submission."""

    STARTED = "started"
    PROCESSING = "processing"
    READY = "ready"
    CERTIFIED = "certified"  # The end of a certify run, whatever its verdicts.
    CONFIRMED = "confirmed"
    FORCED = "forced"
    CANCELLED = "cancelled"
    FAILED = "failed"
    TIMED_OUT = "timed out"


ENTERED_FROM: dict[str, set[str]] = {
    Status.PROCESSING: {Status.STARTED, Status.PROCESSING},  # From itself after its worker died.
    Status.READY: {Status.PROCESSING},
    Status.CERTIFIED: {Status.PROCESSING},
    Status.CONFIRMED: {Status.READY},
    Status.FORCED: {Status.READY},
    Status.CANCELLED: {Status.STARTED, Status.PROCESSING, Status.READY},
    Status.FAILED: {Status.STARTED, Status.PROCESSING},
    Status.TIMED_OUT: {Status.STARTED, Status.PROCESSING, Status.READY},
}
ALIVE = (Status.STARTED, Status.PROCESSING, Status.READY)
ADOPTED = (Status.CONFIRMED, Status.FORCED)
# A submission in one of these can be checked again, after its files were replaced.
REPEATABLE = (Status.FAILED, Status.TIMED_OUT, Status.CERTIFIED)
# Colours of the badges. Every other status is calm.
LOOKS: dict[str, str] = {
    Status.READY: "warn",
    Status.CERTIFIED: "good",
    Status.CONFIRMED: "good",
    Status.FORCED: "good",
    Status.CANCELLED: "plain",
    Status.FAILED: "bad",
    Status.TIMED_OUT: "bad",
}
OVER = tuple(status for status in Status if status not in ALIVE)


class Origin(TextChoices):
    """The way a file came into a submission."""

    UPLOADED = "uploaded"
    LOOKUP_TABLE = "lookup table"  # Made new for the synphot files of the submission.
    LISTED = "listed"  # Already on this server, and named in the form.
    GENERATED = "generated"  # A mapping made from another one.


class ContextMode(TextChoices):
    """The way the context was chosen; edit and latest may move until the confirmation."""

    EDIT = "pmap_edit"
    LATEST = "pmap_latest"
    FIXED = "pmap_text"
