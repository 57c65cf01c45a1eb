"""The list of datasets that use a reference, as CSV."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.bestrefs.errors import NoAnswersKeptError
from apps.bestrefs.pipeline import POINTERS
from apps.bestrefs.reference_uses import datasets_with
from apps.contexts.models import Pointer
from apps.core.refusals import PLAIN, Form, answers_in, status_of
from apps.core.tables import csv_file
from apps.rules.naming.file_names import is_file_name


@answers_in(Form.TEXT)
@require_safe
@never_cache
def datasets_as_csv(request: HttpRequest, name: str, pointer: str) -> HttpResponseBase:
    """Return id and start of each dataset that uses a reference under latest or edit."""
    if pointer not in POINTERS or not is_file_name(name):
        text = f"{pointer[:40]!r} of {name[:128]!r} is not known; ask for latest.csv or edit.csv of a file."
        return HttpResponse(f"{text}\n", status=404, content_type=PLAIN)
    try:
        rows = datasets_with(name, Pointer(pointer))
    except NoAnswersKeptError as exc:
        return HttpResponse(f"{exc}\n", status=status_of(exc), content_type=PLAIN)
    return csv_file(f"datasets_with_{name}.csv", ("dataset", "start"), rows)
