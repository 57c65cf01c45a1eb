"""The choice between the light and the dark theme."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.core.addresses import is_local
from apps.core.marks import allowed_in_maintenance
from apps.core.same_origin import own_pages_only
from apps.web.navigation import THEME_COOKIE, THEMES

_YEAR = 365 * 24 * 3600  # seconds


# The view only sets a cookie, so its form needs no CSRF token.
@allowed_in_maintenance
@csrf_exempt
@require_POST
@own_pages_only
def set_theme(request: HttpRequest) -> HttpResponse:
    theme, back = request.POST.get("theme", ""), request.POST.get("next", "")
    answer = HttpResponseRedirect(back if is_local(back) else reverse("web:home"), status=303)
    if theme in THEMES:
        answer.set_cookie(
            THEME_COOKIE,
            theme,
            max_age=_YEAR,
            path=settings.SESSION_COOKIE_PATH,
            samesite="Lax",
            secure=settings.IS_HTTPS,
        )
    return answer
