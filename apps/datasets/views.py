"""The call by which an archive adds or corrects datasets as they are observed."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from apps.core.access import Actor, Role, with_role
from apps.core.bodies import announced_length, limit_chunked_body
from apps.core.marks import runs_by_itself, takes_files
from apps.datasets.operations import LINES_PER_CALL, AddedDatasets, add_datasets


@takes_files
@runs_by_itself
@require_POST
@never_cache
@with_role(Role.OPERATOR, is_api=True)
def add(request: HttpRequest, *, actor: Actor) -> JsonResponse:
    """Take JSON lines as `import_datasets` reads them, and say for each refused line why."""
    limit = settings.DATASETS_BODY_LIMIT
    too_long = f"The body is too long: at most {limit:,} bytes are read in one call."
    if (announced_length(request) or 0) > limit:
        return JsonResponse({"error": too_long}, status=413)
    limit_chunked_body(request, limit)
    try:
        found = add_datasets(request, user=actor.get_username())
    except RequestDataTooBig:
        text = f"{too_long} Datasets of the first lines may be stored; send all lines again in shorter calls."
        return JsonResponse({"error": text}, status=413)
    answer = _as_dict(found)
    if found.is_cut:
        answer["error"] = f"Only the first {LINES_PER_CALL} lines were read. Send the others in another call."
    return JsonResponse(answer, status=413 if found.is_cut else 200)


def _as_dict(found: AddedDatasets) -> dict[str, object]:
    return {
        "lines": found.line_count,
        "datasets": len(found.datasets),
        "undated": len(found.undated),
        "refused": found.refused_count,
        "reasons": [{"line": number, "reason": reason} for number, reason in found.refused],
    }
