"""The operators' pages. All of them need the role operator; what changes something is an act of `acts`."""

import shutil
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db.models import Count, Sum
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.models import User
from apps.accounts.queries import is_admin_of_everything
from apps.catalog.models import File
from apps.console import listings
from apps.console.acts import ACTS
from apps.core import heartbeat, readiness
from apps.core.access import Role, with_role
from apps.core.filters import FilterForm
from apps.core.forms import messages_of
from apps.core.tables import Table, exported
from apps.jobs.models import Job
from apps.jobs.states import Status
from apps.locks.models import Lock
from apps.locks.queries import instruments
from apps.mails.models import Mail
from apps.rules.errors import CrdsError
from apps.submissions.models import Submission
from apps.submissions.states import ALIVE

View = Callable[..., HttpResponseBase]


def _for_operators(view: View) -> View:
    return require_safe(never_cache(ensure_csrf_cookie(with_role(Role.OPERATOR)(view))))


@_for_operators
def overview(request: HttpRequest, *, actor: User) -> HttpResponseBase:
    counts = (
        ("People", User.objects.filter(is_active=True).count(), "console:people"),
        ("Locks", Lock.objects.count(), "console:locks"),
        (
            "Jobs that wait or run",
            Job.objects.filter(status__in=(Status.QUEUED, Status.RUNNING)).count(),
            "console:jobs",
        ),
        ("Unsent mails", Mail.objects.filter(sent_at=None).count(), "console:mails"),
        ("Waiting submissions", Submission.objects.filter(status__in=ALIVE).count(), "console:submissions"),
    )
    page = {"counts": counts, "parts": readiness.parts(), "silence": heartbeat.age()}
    return render(request, "console/overview.html", {"page": page})


@_for_operators
def people(request: HttpRequest, *, actor: User) -> HttpResponseBase:
    return _table(request, listings.people(request.GET), "People", may_invite=is_admin_of_everything(actor))


@_for_operators
def person(request: HttpRequest, username: str, *, actor: User) -> HttpResponseBase:
    user = User.objects.filter(username=username).first() if "\0" not in username else None
    if user is None:
        raise Http404("There is no such account.")
    page = {
        "person": user,
        "grants": user.grants.order_by("role", "instrument"),
        "roles": sorted(set(user.grants.values_list("role", flat=True))),
        "tokens": user.tokens.all(),
        "may_act": is_admin_of_everything(actor),
        "all_roles": Role.values,
        "instruments": instruments(),
    }
    return render(request, "console/person.html", {"page": page})


@_for_operators
def invite(request: HttpRequest, *, actor: User) -> HttpResponseBase:
    ACTS["invite"].require_permission(actor)
    page = {"all_roles": Role.values, "instruments": instruments()}
    return render(request, "console/invite.html", {"page": page})


@_for_operators
def locks(request: HttpRequest, *, actor: User) -> HttpResponseBase:
    return _table(request, listings.locks(request.GET), "Locks", note="No instrument is locked.")


@_for_operators
def jobs(request: HttpRequest, *, actor: User) -> HttpResponseBase:
    return _filtered(request, listings.JobForm(request.GET), listings.jobs, "Jobs")


@_for_operators
def mails(request: HttpRequest, *, actor: User) -> HttpResponseBase:
    return _table(request, listings.mails(request.GET), "Unsent mails", note="Every mail was sent.")


@_for_operators
def submissions(request: HttpRequest, *, actor: User) -> HttpResponseBase:
    note = "No submission waits."
    return _table(request, listings.submissions(request.GET), "Waiting submissions", note=note)


@_for_operators
def store(request: HttpRequest, *, actor: User) -> HttpResponseBase:
    held = File.objects.filter(held_at__isnull=False)
    usage = shutil.disk_usage(settings.DATA_ROOT)
    runs = listings.fixity(request.GET)
    last = next((run for run in runs.rows if run.finished_at), None)
    page = {
        "kinds": held.values_list("kind").order_by("kind").annotate(Count("pk"), Sum("size")),
        "folders": (("Data", settings.DATA_ROOT), ("Store", settings.STORE_ROOT)),
        "free": usage.free,
        "total": usage.total,
        "reserve": settings.INGEST_RESERVE_BYTES,
        "table": runs,
        "findings": last.findings if last else [],
    }
    return render(request, "console/store.html", {"page": page})


@_for_operators
def settings_in_force(request: HttpRequest, *, actor: User) -> HttpResponseBase:
    return render(request, "console/settings.html", {"page": {"settings": settings.IN_FORCE}})


@_for_operators
def audit_trail(request: HttpRequest, *, actor: User) -> HttpResponseBase:
    return _filtered(request, listings.AuditForm(request.GET), listings.audit, "Audit trail")


def _filtered(
    request: HttpRequest, form: FilterForm, listing: Callable[[Any, Any], Table], title: str
) -> HttpResponseBase:
    if form.is_valid():
        return _table(request, listing(form, request.GET), title, form=form)
    page = {"title": title, "form": form, "error": "; ".join(messages_of(form))}
    return render(request, "console/table.html", {"page": page}, status=400)


def _table(request: HttpRequest, table: Table, title: str, **more: Any) -> HttpResponseBase:
    page = {"title": title, "table": table, **more}
    return exported(request, table) or render(request, "console/table.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@ensure_csrf_cookie
@with_role(Role.OPERATOR)
def act(request: HttpRequest, act: str, key: str, *, actor: User) -> HttpResponseBase:
    """Show what an act will do, and do it when the form of that page is sent."""
    wanted = ACTS.get(act)
    if wanted is None or "\0" in key:
        raise Http404("There is no such act.")
    wanted.require_permission(actor)
    row = wanted.find(key)
    sent = request.POST if request.method == "POST" else request.GET
    page: dict[str, Any] = {"act": wanted, "row": row, "title": wanted.title.format(row)}
    page["fields"] = {name: str(sent.get(name, ""))[:500] for name in wanted.fields}
    if seen := wanted.seen(row):
        page["fields"]["seen"] = seen
    try:
        page["lines"] = wanted.preview(row, sent)
        if request.method == "POST":
            wanted.require_unchanged(row, sent)
            page["done"] = wanted.perform(row, sent, actor)
    except CrdsError as exc:
        page["error"] = f"{exc} Nothing was changed."
    return render(request, "console/act.html", {"page": page})
