"""The files of a form, taken before its token is compared."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_protect

from apps.accounts.models import User
from apps.submissions.uploads.handler import Arrival, UploadHandler

Answer = Callable[[HttpRequest, User, list[Arrival]], HttpResponse]


def receive(request: HttpRequest, actor: User, handler: UploadHandler, answer: Answer) -> HttpResponseBase:
    """Take the files of a form and compare its token, then return the answer.

    The view is exempt from the check of the site's middleware, which would read the body first.
    """
    request.upload_handlers = [handler]

    @csrf_protect
    def checked(request: HttpRequest) -> HttpResponse:
        # If the token is in a header, the check has not read the body yet.
        request.FILES  # noqa: B018
        handler.commit()
        return answer(request, actor, handler.arrivals)

    try:
        return checked(request)
    finally:
        handler.discard()
