"""The tables of the operators' pages."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Prefetch, Q, QuerySet
from django.urls import reverse

from apps.accounts.models import Grant, User
from apps.catalog.models import Action, AuditRecord, FixityRun
from apps.core.filters import FilterForm, GlobFilter, MenuFilter, MomentFilter
from apps.core.globs import matching
from apps.core.tables import Column, Table
from apps.jobs.models import Job
from apps.jobs.operations import REPEATED
from apps.jobs.states import Status
from apps.locks.models import Lock
from apps.locks.queries import instruments
from apps.mails.models import Mail
from apps.submissions.models import Submission
from apps.submissions.states import ALIVE

Sent = Mapping[str, str]


def act_address(act: str, key: object) -> str:
    """Return the address of the page that shows what an act will do."""
    return reverse("console:act", args=[act, key])


def _roles(user: User) -> str:
    return "; ".join(str(grant) for grant in user.grants.all()) or "no role"


PEOPLE = (
    Column(
        "username",
        "Name",
        lambda user: user.username,
        sort="username",
        search="username__icontains",
        address=lambda user: reverse("console:person", args=[user.username]),
    ),
    Column(
        "email", "Address", lambda user: user.email, sort="email", search="email__icontains", missing="none"
    ),
    Column("roles", "Roles", _roles),
    Column(
        "login",
        "Last login (UTC)",
        lambda user: user.last_login,
        sort="last_login",
        look="moment",
        missing="never",
    ),
    Column("joined", "Made (UTC)", lambda user: user.joined_at, sort="joined_at", look="moment"),
    Column(
        "status",
        "Status",
        lambda user: "open" if user.is_active else "closed",
        sort="is_active",
        badge=lambda user: "good" if user.is_active else "plain",
    ),
)


def people(sent: Sent) -> Table:
    """Return all accounts."""
    rows = User.objects.prefetch_related(Prefetch("grants", Grant.objects.order_by("role", "instrument")))
    return Table(PEOPLE, rows, sent, order="username", size=100, label="People")


LOCKS = (
    Column("instrument", "Instrument", lambda lock: lock.instrument, sort="yes"),
    Column("user", "Held by", lambda lock: lock.user, sort="yes", search="yes"),
    Column("created", "Since (UTC)", lambda lock: lock.created_at, sort="yes", look="moment"),
    Column("left", "Time left", lambda lock: lock.countdown, look="number"),
    Column("act", "", lambda lock: "Break", address=lambda lock: act_address("break-lock", lock.instrument)),
)


def locks(sent: Sent) -> Table:
    """Return all locks."""
    return Table(LOCKS, list(Lock.objects.all()), sent, order="instrument", label="Locks")


def _job_act(job: Job) -> str:
    if not job.is_over:
        return "Abort"
    return "Run again" if job.status == Status.FAILED and job.kind in REPEATED else ""


def _job_address(job: Job) -> str:
    act = {"Abort": "abort-job", "Run again": "retry-job"}.get(_job_act(job))
    return act_address(act, job.pk) if act else ""


BADGES = {"queued": "calm", "running": "calm", "failed": "bad", "completed": "good"}
JOBS = (
    Column("number", "Job", lambda job: job.pk, sort="pk", look="number"),
    Column("kind", "Kind", lambda job: job.kind, sort="kind", search="kind__icontains"),
    Column("user", "For", lambda job: job.user, sort="user", search="user__icontains", missing="the server"),
    Column(
        "status",
        "Status",
        lambda job: job.status,
        sort="status",
        badge=lambda job: BADGES.get(job.status, "plain"),
    ),
    Column("attempts", "Attempts", lambda job: job.attempts, sort="attempts", look="number"),
    Column("queued", "Queued (UTC)", lambda job: job.queued_at, sort="queued_at", look="moment"),
    Column("next", "Not before (UTC)", lambda job: job.not_before, sort="not_before", look="moment"),
    Column(
        "alive",
        "Last sign of life (UTC)",
        lambda job: job.heartbeat_at,
        sort="heartbeat_at",
        look="moment",
        missing="none",
    ),
    Column("worker", "Worker", lambda job: job.worker, sort="worker", look="code", missing="none"),
    Column(
        "log",
        "Log",
        lambda job: "log" if job.channel_id else "",
        address=lambda job: reverse("jobs:log", args=[job.channel_id]) if job.channel_id else "",
    ),
    Column("act", "", _job_act, address=_job_address),
)


class JobForm(FilterForm):
    defaults = {"status": "unfinished"}  # noqa: RUF012 (as the base class declares it)

    status = MenuFilter(lambda: ("unfinished", *Status.values), label="Status")
    kind = MenuFilter(lambda: tuple(settings.JOB_KINDS), label="Kind")


def jobs(form: JobForm, sent: Sent) -> Table:
    """Return the jobs that a valid form asks for."""
    status, kind = form.cleaned_data["status"], form.cleaned_data["kind"]
    rows = Job.objects.all()
    if status:
        rows = rows.filter(
            status__in=(Status.QUEUED, Status.RUNNING) if status == "unfinished" else (status,)
        )
    if kind:
        rows = rows.filter(kind=kind)
    return Table(JOBS, rows, sent, kept=form.kept, order="-number", size=100, label="Jobs")


MAILS = (
    Column("made", "Written (UTC)", lambda mail: mail.made_at, sort="made_at", look="moment"),
    Column("subject", "Subject", lambda mail: mail.subject, search="subject__icontains", look="long"),
    Column("missing", "Recipients without it", lambda mail: ", ".join(mail.missing)),
    Column("error", "Last error", lambda mail: mail.error, missing="none", look="long"),
    Column("act", "", lambda mail: "Send again", address=lambda mail: act_address("retry-mail", mail.pk)),
)


def mails(sent: Sent) -> Table:
    """Return the mails that somebody does not have yet."""
    return Table(
        MAILS, Mail.objects.filter(sent_at=None), sent, order="-made", size=100, label="Unsent mails"
    )


SUBMISSIONS = (
    Column(
        "key",
        "Submission",
        lambda row: str(row.key)[:8],
        address=lambda row: reverse("submissions:result", args=[row.key]),
        look="code",
    ),
    Column("kind", "Kind", lambda row: row.get_kind_display(), sort="kind"),
    Column("user", "By", lambda row: row.user, sort="user", search="user__icontains"),
    Column("instrument", "Instrument", lambda row: row.instrument, sort="instrument", missing="none"),
    Column("status", "Status", lambda row: row.status, sort="status", badge=lambda row: "calm"),
    Column("started", "Started (UTC)", lambda row: row.started_at, sort="started_at", look="moment"),
    Column(
        "ready", "Ready (UTC)", lambda row: row.ready_at, sort="ready_at", look="moment", missing="not yet"
    ),
    Column(
        "description",
        "Why",
        lambda row: row.description,
        search="description__icontains",
        missing="none",
        look="long",
    ),
)


def submissions(sent: Sent) -> Table:
    """Return the submissions that are not over."""
    rows = Submission.objects.filter(status__in=ALIVE)
    return Table(SUBMISSIONS, rows, sent, order="started", size=100, label="Waiting submissions")


FIXITY = (
    Column("began", "Began (UTC)", lambda run: run.began_at, look="moment"),
    Column("ended", "Ended (UTC)", lambda run: run.finished_at, look="moment", missing="not"),
    Column("files", "Files", lambda run: run.files, look="number"),
    Column("missing", "Missing", lambda run: run.missing, look="number"),
    Column("changed", "Changed", lambda run: run.changed, look="number"),
    Column("unknown", "Unknown", lambda run: run.unknown, look="number"),
)


def fixity(sent: Sent) -> Table:
    """Return the last comparisons of the store with the catalog."""
    return Table(FIXITY, list(FixityRun.objects.all()[:30]), sent, label="Comparisons of the store")


AUDIT = (
    Column("at", "When (UTC)", lambda record: record.at, sort="at", look="moment"),
    Column("user", "Who", lambda record: record.user, sort="user"),
    Column("action", "Act", lambda record: record.action, sort="action"),
    Column("filename", "File", lambda record: record.filename, sort="filename", look="code"),
    Column("instrument", "Instrument", lambda record: record.instrument, sort="instrument"),
    Column("why", "Why", lambda record: record.why, look="long"),
    Column("details", "Details", lambda record: record.details, look="long"),
)


class AuditForm(FilterForm):
    user = forms.CharField(label="Who", max_length=150)
    action = MenuFilter(lambda: Action.values, label="Act")
    filename = GlobFilter(label="File", help_text="A name, or a pattern with * ? [a-z].")
    instrument = MenuFilter(instruments, label="Instrument")
    start = MomentFilter(label="From", help_text="UTC: 2026-01-31, 2026-01-31 23:59 or *.")
    end = MomentFilter(label="Until", help_text="Inclusive.", is_end=True)


def audit(form: AuditForm, sent: Sent) -> Table:
    """Return the audit records that a valid form asks for."""
    return Table(
        AUDIT, _records(form.cleaned_data), sent, kept=form.kept, order="-at", size=100, label="Audit trail"
    )


def _records(wanted: Mapping[str, Any]) -> "QuerySet[AuditRecord]":
    found = AuditRecord.objects.filter(matching("filename", wanted["filename"]))
    for name in ("action", "instrument"):
        if wanted[name]:
            found = found.filter(**{name: wanted[name]})
    user = wanted["user"].strip("* ")
    if user and "\0" not in user:
        found = found.filter(user__icontains=user)
    since = Q(at__gte=wanted["start"]) if wanted["start"] else Q()
    until = Q(at__lt=wanted["end"]) if wanted["end"] else Q()
    return found.filter(since, until)
