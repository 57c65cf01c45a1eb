"""The choice between light and dark, and the page that shows all parts."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from apps.core.sites import own_pages_only
from apps.web import samples
from apps.web.frame import THEME_COOKIE, THEMES

_YEAR = 365 * 24 * 3600  # seconds


# It only sets a cookie, so no page has to carry a CSRF token for it.
@csrf_exempt
@require_POST
@own_pages_only
def set_theme(request: HttpRequest) -> HttpResponse:
    theme, back = request.POST.get("theme", ""), request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    answer = HttpResponseRedirect(back if is_ours else "/", status=303)
    if theme in THEMES:
        answer.set_cookie(THEME_COOKIE, theme, max_age=_YEAR, samesite="Lax", secure=settings.IS_HTTPS)
    return answer


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    if not settings.STYLEGUIDE:
        raise Http404
    return render(request, "web/styleguide.html", {"page": samples.page(request.GET)})
