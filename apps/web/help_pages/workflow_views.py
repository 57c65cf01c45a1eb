"""The view of the server workflow."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.accounts.models import User
from apps.core.access import Role, with_role
from apps.web.help_pages.workflow import workflow


@require_safe
@never_cache
@with_role(Role.SUBMITTER)
def server_workflow(request: HttpRequest, *, actor: User) -> HttpResponse:
    may_set = actor.has_role(Role.OPERATOR)
    return render(request, "web/server_workflow.html", {"page": {"now": workflow(), "may_set": may_set}})
