"""The state of one person's lock for programs, and the table of all locks for people."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_POST, require_safe

from apps.core.access import require_role, role_required
from apps.core.errors import NotFoundError
from apps.locks import operations, queries
from apps.locks.models import Lock


@require_safe
@never_cache
def lock_status(request: HttpRequest, username: str) -> JsonResponse:
    # PostgreSQL refuses to look for a text with this character; no account has it.
    lock = None if "\0" in username else queries.find_lock(user=username)
    return JsonResponse(_status(lock, username))


def _status(lock: Lock | None, username: str) -> dict[str, object]:
    """Return all keys that clients read, whether or not there is a lock (wire protocol, section 6.4)."""
    state = {"name": "", "type": "instrument", "user": username, "created_on": ""}
    if lock is None:
        return state | {"time_remaining": "0:00:00", "is_expired": True, "status": "none"}
    return state | {
        "name": lock.instrument,
        "created_on": f"{lock.created_at:%Y-%m-%d %H:%M:%S}",
        "time_remaining": lock.countdown,
        "is_expired": lock.is_expired,
        "status": "expired" if lock.is_expired else "ok",
    }


@require_safe
@never_cache
@ensure_csrf_cookie
@role_required("submitter")
def table(request: HttpRequest) -> HttpResponse:
    return _table(request)


def _table(request: HttpRequest, error: str = "") -> HttpResponse:
    page = {
        "locks": queries.all_locks(),
        "free": sorted(set(queries.instruments()) - {lock.instrument for lock in queries.all_locks()}),
        "may_break": require_role(request, "submitter").has_role("admin"),
        "now": timezone.now(),
        "error": error,
    }
    return render(request, "locks/table.html", {"page": page})


@require_POST
@never_cache
@role_required("admin")
def break_one(request: HttpRequest, instrument: str) -> HttpResponse:
    lock = queries.find_lock(instrument=instrument) if instrument in queries.instruments() else None
    if lock is None and instrument not in queries.instruments():
        raise Http404(f"There is no instrument {instrument[:40]!r}.")
    # The page may be old: only the lock that the admin saw is broken.
    if lock is None or request.POST.get("key") != str(lock.key):
        return _table(request, f"The lock of {instrument} is no longer the one you saw. Look again.")
    try:
        operations.break_lock(lock, by=require_role(request, "admin"))
    except NotFoundError as exc:
        return _table(request, str(exc))
    return redirect("locks:table")
