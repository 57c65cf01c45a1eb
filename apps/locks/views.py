"""Pages and addresses of locks: the state of one person's lock for programs, all locks for people."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.core.access import Actor, Role, login_address, with_role
from apps.core.addresses import is_local
from apps.core.errors import ConflictError, InvalidInputError, NotFoundError
from apps.core.free_text import clean_reason
from apps.core.marks import runs_by_itself
from apps.core.tables import Column, Table, exported
from apps.locks import operations, queries, sessions
from apps.locks.models import Lock

REASON = 300  # characters of the reason for a broken lock
COLUMNS = (
    Column("instrument", "Instrument", lambda lock: lock.instrument, sort="yes", search="yes"),
    Column("user", "User", lambda lock: lock.user, sort="yes", search="yes"),
    Column("created_at", "Since (UTC)", lambda lock: lock.created_at, sort="yes", look="moment"),
    Column("expires_at", "Until (UTC)", lambda lock: lock.expires_at, sort="yes", look="moment"),
    Column("time_left", "Time left", lambda lock: lock.countdown, look="number"),
    Column(
        "status",
        "Status",
        lambda lock: "expired" if lock.is_expired else "held",
        sort="yes",
        badge=lambda lock: "plain" if lock.is_expired else "calm",
    ),
)


@runs_by_itself
@require_safe
@never_cache
def lock_status(request: HttpRequest, username: str) -> JsonResponse:
    # PostgreSQL refuses to search for a text with this character. No account name has it.
    lock = None if "\0" in username else queries.find_lock(user=username)
    return JsonResponse(_status(lock, username))


def _status(lock: Lock | None, username: str) -> dict[str, object]:
    """Return all keys that clients read, with or without a lock (wire protocol, section 6.4)."""
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
@with_role(Role.SUBMITTER)
def table(request: HttpRequest, *, actor: Actor) -> HttpResponseBase:
    return _table(request, actor)


def _table(request: HttpRequest, actor: Actor, error: str = "") -> HttpResponseBase:
    locks = list(queries.all_locks())
    table = Table(COLUMNS, locks, request.GET, order="instrument", label="Locks")
    if answer := exported(request, table):
        return answer
    page = {
        "table": table,
        "locks": locks,
        "free": sorted(set(queries.instruments()) - {lock.instrument for lock in locks}),
        "may_break": actor.has_role(Role.ADMIN),
        "broken": _broken(request, locks),
        "error": error,
    }
    return render(request, "locks/table.html", {"page": page})


def _broken(request: HttpRequest, locks: list[Lock]) -> str:
    """Return the instrument whose lock was broken just now, if the address names one that is free."""
    named = request.GET.get("broken", "")
    is_free = named in queries.instruments() and named not in {lock.instrument for lock in locks}
    return named if is_free else ""


@require_POST
@never_cache
@with_role(Role.SUBMITTER)
def extend(request: HttpRequest, *, actor: Actor) -> HttpResponse:
    """Go back to the page. The request itself has prolonged the lock, as each action does."""
    lock = queries.find_held(actor.get_username(), key=sessions.key_of(request))
    if _is_script(request):
        return _extended(lock)
    if lock is None:
        return redirect(login_address(next=_back(request)))
    return HttpResponseRedirect(_back(request), status=303)


@require_POST
@never_cache
@ensure_csrf_cookie
@with_role(Role.SUBMITTER)
def take(request: HttpRequest, *, actor: Actor) -> HttpResponseBase:
    """Take the lock of an instrument, or take it again after it ended, without another login."""
    try:
        lock = sessions.take(request, actor, request.POST.get("instrument", ""))
    except (ConflictError, InvalidInputError) as exc:
        if _is_script(request):
            return JsonResponse({"error": str(exc)}, status=409)
        return _table(request, actor, str(exc))
    if _is_script(request):
        return _extended(lock)
    return HttpResponseRedirect(_back(request), status=303)


def _is_script(request: HttpRequest) -> bool:
    """Return whether the script of a page asks, which shows the answer itself."""
    return "application/json" in request.headers.get("Accept", "")


def _extended(lock: Lock | None) -> JsonResponse:
    """Return the seconds from which the script of the page counts down."""
    if lock is None:
        return JsonResponse({"error": "This session no longer holds a lock. Take it again."}, status=409)
    return JsonResponse({"seconds": int(lock.time_left.total_seconds())})


def _back(request: HttpRequest) -> str:
    """Return the page on this site that the request came from."""
    wanted = request.POST.get("next", "")
    return wanted if is_local(wanted) else reverse("web:home")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@ensure_csrf_cookie
@with_role(Role.ADMIN)
def break_one(request: HttpRequest, instrument: str, *, actor: Actor) -> HttpResponseBase:
    """Show what it means to break a lock, then break it."""
    lock = queries.find_lock(instrument=instrument) if instrument in queries.instruments() else None
    if lock is None and instrument not in queries.instruments():
        raise Http404(f"There is no instrument {instrument[:40]!r}.")
    if request.method != "POST":
        if lock is None:
            return _table(request, actor, f"{instrument} is not locked.")
        return render(request, "locks/break.html", {"page": {"lock": lock}})
    # The page may be old. Break only the lock that the admin saw.
    if lock is None or request.POST.get("key") != str(lock.key):
        error = (
            f"The lock of {instrument} has changed since you opened this page. "
            "Nothing was changed. Check it, then try again."
        )
        return _table(request, actor, error)
    try:
        operations.break_lock(lock, by=actor, why=clean_reason(request.POST.get("reason", "")[:REASON]))
    except (NotFoundError, InvalidInputError) as exc:
        return _table(request, actor, str(exc))
    return redirect(f"{reverse('locks:table')}?broken={instrument}")
