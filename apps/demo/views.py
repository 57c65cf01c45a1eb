"""The page that shows the parts that pages are made of."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.demo import styleguide as parts


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    if not settings.STYLEGUIDE:
        raise Http404
    return render(request, "demo/styleguide.html", {"page": parts.page(request.GET)})
