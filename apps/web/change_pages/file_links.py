"""Names of files with their small pictures, as tables of references show them."""

from __future__ import annotations

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from apps.catalog import quick_looks
from apps.certify.quick_looks.values import VERSION

_PARTS = 3  # The first picture of a file is nearly always in one of its first parts.


def thumbnail_of(sha1sum: str) -> SafeString:
    """Return the picture of a quick look that was made before; empty if there is none."""
    for number in range(1, _PARTS + 1) if sha1sum else ():
        name = f"part{number}-asinh.webp"
        if quick_looks.picture_path(sha1sum, name) is not None:
            address = f"{reverse('web:look_piece', args=[sha1sum, name])}?v={VERSION}"
            return format_html(
                '<img class="thumbnail" src="{}" alt="" width="64" height="64" loading="lazy">', address
            )
    return SafeString()


def breakable(name: str) -> SafeString:
    """Return a name that browsers may break after each ``_``."""
    return format_html_join(mark_safe("_<wbr>"), "{}", ((part,) for part in name.split("_")))
