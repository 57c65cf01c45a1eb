"""The names that submissions reserve, for everybody who gives a file its name."""

from collections.abc import Iterable

from apps.catalog.taken_names import reserves_names
from apps.submissions.models import SubmittedFile


@reserves_names
def reserved_names(start: str) -> Iterable[str]:
    """Return the names that begin with `start` and are reserved for submitted files."""
    rows = SubmittedFile.objects.filter(is_reserved=True, official_name__begins=start)
    return rows.values_list("official_name", flat=True)
