"""The page that compares the images of two references: old, new and ratio as pictures, and statistics."""

from dataclasses import dataclass
from pathlib import PurePath
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from apps.catalog import queries as catalog
from apps.catalog import quick_looks
from apps.catalog.models import File
from apps.catalog.states import FileKind, FileState
from apps.certify.picture_comparison.values import PictureComparison
from apps.rules.errors import CrdsError
from apps.web.difference_pages.requested_difference import address as difference_address
from apps.web.file_pages.quick_look import number

FORMATS = (".fits", ".asdf")
LONGEST_PART = 80  # characters


@dataclass(frozen=True, slots=True)
class ComparedPicture:
    """One picture on the page: its address, and the values that are black and white."""

    title: str
    address: str
    low: str
    high: str


def pictures_address(old: str, new: str, part: str = "") -> str:
    """Return the address of the pictures of two references; empty if their format has no images."""
    if any(PurePath(name).suffix not in FORMATS for name in (old, new)):
        return ""
    query = {"file1": old, "file2": new} | ({"part": part} if part else {})
    return f"{reverse('web:difference_pictures')}?{urlencode(query)}"


@require_safe
def pictures(request: HttpRequest) -> HttpResponse:
    old, new = (_require_reference(request.GET.get(name, "").strip()) for name in ("file1", "file2"))
    part = request.GET.get("part", "")[:LONGEST_PART]
    page = {
        "old": old,
        "new": new,
        "differences": difference_address(old.name, new.name),
        "swapped": pictures_address(new.name, old.name, part),
    }
    try:
        found = quick_looks.comparison_of(old, new)
        # Only parts that both files have are drawn: otherwise each invented name would start another child.
        part = part if part in found.parts and part != found.part else ""
        if part:
            found = quick_looks.comparison_of(old, new, part)
    except CrdsError as exc:
        page["error"] = str(exc)
    else:
        page |= _shown(old, new, part, found)
    return render(request, "web/difference_pictures.html", {"page": page})


def _require_reference(name: str) -> File:
    file = catalog.find_file(name)
    if file is None or file.kind != FileKind.REFERENCE or file.state == FileState.UPLOADED:
        raise Http404(f"No reference has the name {name[:128]!r}.")
    return file


def _shown(old: File, new: File, part: str, found: PictureComparison) -> dict[str, object]:
    key = quick_looks.key_of(old, new, part)
    return {
        "found": found,
        "height": -(-found.height // found.step),
        "width": -(-found.width // found.step),
        "pictures": [
            ComparedPicture(
                each.title,
                reverse("web:look_piece", args=[key, each.file]),
                number(each.low),
                number(each.high),
            )
            for each in found.pictures
        ],
        "parts": [(name, pictures_address(old.name, new.name, name)) for name in found.parts],
        "share": 100 * found.changed / found.compared if found.compared else 0,
        "is_sampled": found.compared < found.width * found.height,
        "statistics": [
            (
                row.title,
                *map(number, (row.minimum, row.maximum, row.mean, row.median, row.deviation)),
                f"{row.count:,}",
            )
            for row in found.statistics
        ],
    }
