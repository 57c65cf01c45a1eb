"""Views of deliveries: addresses for the programs of the archive, and a page for people."""

from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, Sum
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_POST, require_safe

from apps.catalog.deliveries import move, queries
from apps.catalog.errors import UnknownDeliveryError
from apps.catalog.models import Delivery, File
from apps.catalog.states import DeliveryStatus
from apps.core.access import Actor, Role, with_role
from apps.core.addresses import absolute
from apps.core.errors import ConflictError
from apps.core.tables import Column, Table, exported
from apps.rules.errors import CrdsError

# The reports of the archive by the last part of the address, and the actions of an operator by button.
TOLD = {
    "accepted": DeliveryStatus.PICKED_UP,
    "archiving": DeliveryStatus.ARCHIVING,
    "archived": DeliveryStatus.ARCHIVED,
    "failed": DeliveryStatus.FAILED,
}
BUTTONS = {
    "redeliver": DeliveryStatus.OPEN,
    "archived": DeliveryStatus.ARCHIVED,
    "failed": DeliveryStatus.FAILED,
}
PAGE_SIZE = 50
LONGEST_TEXT = 128  # characters of a search
LONGEST_REASON = 1000
LOOKS: dict[str, str] = {
    DeliveryStatus.OPEN: "warn",
    DeliveryStatus.PICKED_UP: "calm",
    DeliveryStatus.ARCHIVING: "calm",
    DeliveryStatus.ARCHIVED: "good",
    DeliveryStatus.FAILED: "bad",
}

# The columns that can be sorted and exported; the page shows more of each delivery.
COLUMNS = (
    Column("made_at", "Date (UTC)", lambda delivery: delivery.made_at, sort="number"),
    Column("catalogue", "Catalogue", lambda delivery: delivery.name, sort="number"),
    Column("files", "Files", lambda delivery: delivery.count, sort="count", look="number"),
    Column("bytes", "Bytes", lambda delivery: delivery.bytes, sort="bytes", look="number"),
    Column("submitter", "Submitter", lambda delivery: delivery.user, sort="user"),
    Column("state", "State", lambda delivery: delivery.get_status_display(), sort="status"),
    Column("changed_at", "Since (UTC)", lambda delivery: delivery.changed_at, sort="changed_at"),
    Column("reason", "Reason", lambda delivery: delivery.why),
)


@require_safe
@never_cache
@with_role(Role.OPERATOR, is_api=True)
def listing(request: HttpRequest, *, actor: Actor) -> HttpResponse:
    return JsonResponse([_brief(delivery) for delivery in queries.open_catalogues()], safe=False)


@require_safe
@never_cache
@with_role(Role.OPERATOR, is_api=True)
def one(request: HttpRequest, name: str, *, actor: Actor) -> HttpResponse:
    try:
        return JsonResponse(_whole(queries.get_delivery(name)))
    except UnknownDeliveryError as exc:
        return _refusal(exc, 404)


@require_POST
@never_cache
@with_role(Role.OPERATOR, is_api=True)
def tell(request: HttpRequest, name: str, what: str, *, actor: Actor) -> HttpResponse:
    if what not in TOLD:
        return JsonResponse(
            {"error": f"{what[:40]!r} is unknown; expected one of {', '.join(TOLD)}."}, status=404
        )
    try:
        delivery = queries.get_delivery(name)
        move(delivery, TOLD[what], user=actor.get_username(), reason=_reason(request))
    except UnknownDeliveryError as exc:
        return _refusal(exc, 404)
    except ConflictError as exc:
        return _refusal(exc, 409)
    return JsonResponse(_whole(delivery))


def _refusal(exc: CrdsError, status: int) -> JsonResponse:
    return JsonResponse({"error": str(exc)}, status=status)


def _reason(request: HttpRequest) -> str:
    """Return the given reason, if any, without NUL, which PostgreSQL cannot store."""
    return request.POST.get("reason", "").replace("\0", "").strip()[:LONGEST_REASON]


def _brief(delivery: Any) -> dict[str, Any]:
    """Return a delivery as the list shows it; it must have been read with `count` and `bytes`."""
    return {
        "catalogue": delivery.name,
        "status": delivery.status,
        "made_at": _moment(delivery.made_at),
        "files": delivery.count,
        "bytes": delivery.bytes,
        "url": absolute(reverse("catalog:delivery", args=[delivery.name])),
    }


def _whole(delivery: Delivery) -> dict[str, Any]:
    files = list(delivery.files.order_by("name"))
    return {
        "catalogue": delivery.name,
        "status": delivery.status,
        "made_at": _moment(delivery.made_at),
        "changed_at": _moment(delivery.changed_at),
        "user": delivery.user,
        "why": delivery.why,
        "reason": delivery.reason,
        "bytes": delivery.files.aggregate(sum=Sum("size"))["sum"],
        "files": [_file(file) for file in files],
    }


def _file(file: File) -> dict[str, Any]:
    return {
        "name": file.name,
        "size": file.size,
        "sha1sum": file.sha1sum,
        "state": queries.shown_state(file),
        "url": absolute(reverse("distribution:file", args=[f"{file.kind}s", file.observatory, file.name])),
    }


def _moment(moment: Any) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


@require_safe
@never_cache
@ensure_csrf_cookie
@with_role(Role.SUBMITTER)
def status(request: HttpRequest, *, actor: Actor) -> HttpResponseBase:
    return _page(request, actor)


@require_POST
@never_cache
@with_role(Role.OPERATOR)
def change(request: HttpRequest, name: str, *, actor: Actor) -> HttpResponseBase:
    button = request.POST.get("move", "")
    if button not in BUTTONS:
        return _page(request, actor, f"Choose one of {', '.join(BUTTONS)}; {button[:40]!r} is unknown.")
    try:
        delivery = queries.get_delivery(name)
        # The page may be old: the delivery must still have the status that the operator saw.
        seen = Q(status=request.POST.get("seen", "")[:16].replace("\0", ""))
        if not move(
            delivery, BUTTONS[button], user=actor.get_username(), reason=_reason(request), only_if=seen
        ):
            return _page(
                request,
                actor,
                f"{name} is already {delivery.get_status_display()}. Check it, then try again.",
            )
    except (UnknownDeliveryError, ConflictError) as exc:
        return _page(request, actor, str(exc))
    return redirect(f"{reverse('catalog:delivery_status')}?{_filters(request)}")


def _page(request: HttpRequest, actor: Actor, error: str = "") -> HttpResponseBase:
    wanted, text = _wanted_status(request), _wanted_text(request)
    found = queries.with_first_files(queries.matching(status=wanted, text=text))
    kept = {"status": wanted or "*", "text": text or "*"} if wanted or text else {}
    table = Table(
        COLUMNS, found, request.GET, kept=kept, order="-made_at", size=PAGE_SIZE, label="Deliveries"
    )
    if answer := exported(request, table):
        return answer
    page = {
        "error": error,
        "status": wanted or "*",
        "text": text or "*",
        "statuses": DeliveryStatus.choices,
        "table": table,
        "deliveries": _rows(list(table.page)),
        "may_change": actor.has_role(Role.OPERATOR),
        "filters": _filters(request),
    }
    return render(request, "catalog/delivery_status.html", {"page": page})


def _rows(deliveries: list[Any]) -> list[dict[str, Any]]:
    summaries = queries.state_summaries(deliveries)
    return [_row(delivery, summaries.get(delivery.pk, "")) for delivery in deliveries]


def _row(delivery: Any, summary: str) -> dict[str, Any]:
    """Return one row of the table."""
    rows = delivery.first_rows
    return {
        "delivery": delivery,
        "files": [
            {"name": row.file.name, "size": row.file.size, "state": queries.shown_state(row.file), "row": row}
            for row in rows
        ],
        "look": LOOKS[delivery.status],
        "more": max(0, delivery.count - len(rows)),
        "summary": summary,
        "is_unwritten": delivery.status == DeliveryStatus.OPEN and delivery.written_at is None,
        "moves": [
            button for button, target in BUTTONS.items() if delivery.status in Delivery.entered_from[target]
        ],
    }


def _wanted_status(request: HttpRequest) -> str:
    wanted = request.GET.get("status", "*")
    return wanted if wanted in DeliveryStatus.values else ""


def _wanted_text(request: HttpRequest) -> str:
    """Return the text to look for, without NUL, which PostgreSQL refuses; a star means any text."""
    text = request.GET.get("text", "*").replace("\0", "").strip()[:LONGEST_TEXT]
    return "" if text == "*" else text


def _filters(request: HttpRequest) -> str:
    return urlencode({"status": _wanted_status(request) or "*", "text": _wanted_text(request) or "*"})
