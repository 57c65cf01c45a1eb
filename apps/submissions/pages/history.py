"""Past submissions and their records (website, section 7.14)."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, Lower, NullIf
from django.urls import reverse
from django.utils.text import Truncator

from apps.core.filters import FilterForm, MenuFilter, MomentFilter
from apps.core.tables import Column
from apps.rules.observatories import get_observatory
from apps.submissions.models import Submission
from apps.submissions.states import LOOKS, Kind, Origin, Status

# Label and key of the answers that a record shows. No question asks for the ticket of the delivery team; its
# row stays empty unless the form was sent with an answer all the same.
ANSWERS = (
    ("File Type", "file_type"),
    ("UseAfter Matches", "useafter_matches"),
    ("Compliance Verified", "compliance_verified"),
    ("Ingest Files", "ingest_files"),
    ("ETC Delivery", "etc_delivery"),
    ("JWST ETC", "jwst_etc"),
    ("CalPipe Version", "calpipe_version"),
    ("Replacement Files", "replacement_files"),
    ("Old Reference Files", "old_reference_files"),
    ("Replacing Bad Files", "replacing_badfiles"),
    ("JIRA Issue", "jira_issue"),
    ("ReDCaT JIRA Issue", "redcat_jira_issue"),
    ("Table Rows Changed", "table_rows_changed"),
    ("Modes Affected", "modes_affected"),
    ("Correctness Testing", "correctness_testing"),
    ("Additional Considerations", "additional_considerations"),
)


class HistoryForm(FilterForm):
    instrument = MenuFilter(lambda: get_observatory(settings.OBSERVATORY).instruments, label="Instrument")
    start_date = MomentFilter(label="Start Date", help_text="UTC: 2026-01-31, 2026-01-31 23:59 or *.")
    stop_date = MomentFilter(
        label="Stop Date", help_text="Inclusive. Same format as the start date.", is_end=True
    )
    status = MenuFilter(lambda: Status.values, label="Submission Status")


def matching_submissions(form: HistoryForm) -> QuerySet[Submission]:
    """Return the submissions that a valid form asks for, newest first."""
    wanted = form.cleaned_data
    equal = {column: wanted[column] for column in ("instrument", "status") if wanted[column]}
    start, end = wanted["start_date"], wanted["stop_date"]
    rows = Submission.objects.filter(
        Q(started_at__gte=start) if start else Q(), Q(started_at__lt=end) if end else Q(), **equal
    )
    deliverer = NullIf(KeyTextTransform("deliverer", "answers"), Value(""), output_field=TextField())
    named = rows.annotate(delivered_by=Lower(Coalesce(deliverer, "user", output_field=TextField())))
    return named.order_by("-started_at", "-pk")


COLUMNS = (
    Column(
        "key",
        "Detail",
        lambda submission: str(submission.key),
        text=lambda submission: "(Click to view detail)",
        address=lambda submission: reverse("submissions:history_detail", args=[submission.key]),
        look="moment",
    ),
    Column(
        "created", "Created Date", lambda submission: submission.started_at, sort="started_at", look="moment"
    ),
    Column(
        "deliverer",
        "Deliverer",
        lambda submission: deliverer(submission),
        sort="delivered_by",
        search="delivered_by__icontains",
    ),
    Column(
        "instrument",
        "Instrument",
        lambda submission: submission.instrument,
        sort="instrument",
        search="instrument__icontains",
        missing="none",
    ),
    Column("kind", "Kind", lambda submission: submission.title, sort="kind"),
    Column(
        "status",
        "Status",
        lambda submission: submission.get_status_display(),
        sort="status",
        badge=lambda submission: LOOKS.get(submission.status, "calm"),
    ),
    Column(
        "description",
        "Description",
        lambda submission: submission.description,
        text=lambda submission: Truncator(submission.description).chars(_SHOWN),
        search="description__icontains",
    ),
    Column(
        "result",
        "Result",
        lambda submission: submission.new_context,
        text=lambda submission: submission.new_context or "Result",
        address=lambda submission: submission.get_absolute_url(),
        search="new_context__icontains",
        sort="new_context",
    ),
)
_SHOWN = 80  # characters of a description in the list


def deliverer(submission: Submission) -> str:
    """Return the deliverer that the form names, or else the account."""
    return str(submission.answers.get("deliverer") or submission.user)


def record(submission: Submission) -> list[tuple[str, str]]:
    """Return the label and text of each row of the record; only the extended form asks for all of them."""
    is_extended = submission.kind == Kind.EXTENDED
    return [
        ("Created Date", _moment(submission.started_at)),
        ("Published Date", _moment(submission.ended_at if submission.is_adopted else None)),
        ("Deliverer", deliverer(submission)),
        *([("Other Email", _text(submission.other_email))] if is_extended else []),
        ("Instrument", _text(submission.instrument)),
        *([(label, _text(submission.answers.get(key))) for label, key in ANSWERS] if is_extended else []),
        ("Change Level", submission.get_change_level_display()),
        ("Description", _text(submission.description)),
        ("Status", submission.get_status_display()),
    ]


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else "N/A"


def _text(answer: Any) -> str:
    if isinstance(answer, bool):
        return "Yes" if answer else "No"
    return str(answer or "none")


def files(submission: Submission) -> list[tuple[str, str, bool]]:
    """Return for each file its delivered name, its official name, and whether the official name has a page.

    The delivered name is empty if it is the official name, or if the server generated the mapping.
    """
    return [
        (
            "" if file.origin == Origin.GENERATED or file.name == file.official_name else file.name,
            file.official_name,
            submission.is_adopted or file.origin == Origin.LISTED,
        )
        for file in submission.files.order_by("pk")
    ]
