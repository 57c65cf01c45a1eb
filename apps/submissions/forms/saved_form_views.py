"""Views that save the extended form as a file, and fill it in from a file."""

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_POST

from apps.accounts.models import User
from apps.core.access import Role, with_role
from apps.core.errors import InvalidInputError
from apps.core.marks import changes_nothing, takes_files
from apps.submissions.forms import ExtendedForm, prefilled
from apps.submissions.forms.views import extended_page


@changes_nothing
@require_POST
@never_cache
@with_role(Role.SUBMITTER)
def save_form(request: HttpRequest, *, actor: User) -> HttpResponse:
    answer = HttpResponse(
        prefilled.as_yaml(ExtendedForm(request.POST)), content_type="application/yaml; charset=utf-8"
    )
    answer["Content-Disposition"] = 'attachment; filename="submission.yml"'
    return answer


@changes_nothing
@takes_files
@require_POST
@never_cache
@ensure_csrf_cookie
@with_role(Role.SUBMITTER)
def load_form(request: HttpRequest, *, actor: User) -> HttpResponse:
    sent = request.FILES.get("yaml")
    try:
        filled = prefilled.from_yaml(_content(sent))
    except InvalidInputError as exc:
        return extended_page(request, actor, error=str(exc))
    return extended_page(request, actor, filled=filled)


def _content(sent: UploadedFile | None) -> bytes:
    """Return the bytes of a file, at most one byte more than `prefilled.LARGEST`."""
    if sent is None:
        raise InvalidInputError("Choose a YAML file first.")
    return bytes(sent.read(prefilled.LARGEST + 1))
