"""Suggestions for a mistyped file name."""

import difflib

from django.db.models import Q, QuerySet

from apps.catalog.models import File
from apps.catalog.states import FileState
from apps.catalog.text_indexes import FILES

SHOWN = 8  # suggestions
_NEIGHBOURS = 24  # names on each side in sorted order
_PER_PATTERN = 60
_LONGEST = 128  # characters, as of a file name
_LIKENESS = 0.6  # of `difflib`; names that are less alike are not suggested


def nearest_names(name: str) -> list[str]:
    """Return the official names that are most like an unknown one, the likeliest first.

    A comparison with all of fifty thousand names would take seconds. People mistype one part of a name, or
    its end. So the name is compared only with those that agree in two thirds of it, and with its neighbours
    in sorted order.
    """
    wanted = name[:_LONGEST].replace("\0", "")
    if len(wanted) < 3:
        return []
    found = set(_neighbours(wanted)) | set(_alike(wanted))
    return difflib.get_close_matches(wanted, sorted(found), n=SHOWN, cutoff=_LIKENESS)


def _names() -> QuerySet[File, str]:
    return File.objects.exclude(state=FileState.UPLOADED).values_list("name", flat=True)


def _neighbours(name: str) -> list[str]:
    before = _names().filter(name__lt=name).order_by("-name")[:_NEIGHBOURS]
    after = _names().filter(name__gte=name).order_by("name")[:_NEIGHBOURS]
    return [*before, *after]


def _alike(name: str) -> list[str]:
    """Return the newest names that agree with a name in two thirds of it."""
    third = max(1, len(name) // 3)
    begin, middle, end = name[:third], name[third:-third], name[-third:]
    return [
        *_newest(Q(name__endswith=middle + end), middle + end),
        *_newest(Q(name__begins=begin, name__endswith=end), begin, end),
        *_newest(Q(name__begins=begin + middle), begin + middle),
    ]


def _newest(wanted: Q, *parts: str) -> QuerySet[File, str]:
    """Return the newest names that a condition wants, whose parts it has."""
    rows = FILES.narrowed(_names().filter(wanted), parts)
    return rows.order_by("-delivered_at", "-pk")[:_PER_PATTERN]
