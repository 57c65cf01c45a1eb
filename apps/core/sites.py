"""Who sent the browser here."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

View = Callable[..., HttpResponseBase]


def own_pages_only(view: View) -> View:
    """Refuse requests that a browser makes for another site's page.

    For addresses that change something on GET, because clients in the field call them so; there is no token
    to check. Programs that are no browsers do not send the header.
    """

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.headers.get("Sec-Fetch-Site", "none") in ("cross-site", "same-site"):
            return JsonResponse({"error": "This address answers pages of this server only."}, status=403)
        return view(request, *args, **kwargs)

    return wrapper
