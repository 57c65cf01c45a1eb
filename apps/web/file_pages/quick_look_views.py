"""The pictures of quick looks, and the request for a look."""

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.catalog import queries as catalog
from apps.catalog import quick_looks
from apps.catalog.models import File
from apps.catalog.states import FileKind, FileState
from apps.core.marks import runs_by_itself
from apps.core.refusals import Form, answers_in

# A sha1sum means the same bytes forever, and the address names the version of the look besides.
IMMUTABLE = "public, max-age=31536000, immutable"


@runs_by_itself
@require_safe
def piece(request: HttpRequest, sha1sum: str, name: str) -> HttpResponseBase:
    path = quick_looks.picture_path(sha1sum, name)
    if path is None:
        raise Http404
    kind = "application/json" if name.endswith(".json") else "image/webp"
    headers = {"Cache-Control": IMMUTABLE, "X-Content-Type-Options": "nosniff"}
    return FileResponse(path.open("rb"), content_type=kind, headers=headers)


@runs_by_itself
@answers_in(Form.JSON)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def of(request: HttpRequest, name: str) -> HttpResponse:
    file = _require_reference(name)
    user = request.user.get_username() if request.user.is_authenticated else ""
    if request.method != "POST":
        state = quick_looks.state_of(file)
        return JsonResponse({"status": state.status, "reason": state.reason})
    # Only people who logged in may repeat a failed look: otherwise anybody could keep a worker busy.
    if user:
        quick_looks.ask_again(file, user=user)
    else:
        quick_looks.ask_for(file)
    return HttpResponseRedirect(f"{file.get_absolute_url()}#contents", status=303)


def _require_reference(name: str) -> File:
    file = catalog.find_file(name)
    if file is None or file.kind != FileKind.REFERENCE or file.state == FileState.UPLOADED:
        raise Http404
    return file
