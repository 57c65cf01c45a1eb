"""The guide of operators."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.core.access import require_role, role_required
from apps.web.help_pages.workflow import workflow


@require_safe
@never_cache
@role_required("submitter")
def server_workflow(request: HttpRequest) -> HttpResponse:
    may_set = require_role(request, "submitter").has_role("operator")
    return render(request, "web/server_workflow.html", {"page": {"now": workflow(), "may_set": may_set}})
