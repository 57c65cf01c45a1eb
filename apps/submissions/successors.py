"""References that replace other references (website, section 8.1.1)."""

from collections.abc import Iterable, Mapping

from django.conf import settings
from django.utils import timezone

from apps.catalog.models import File
from apps.rules.differences import logical_differences
from apps.rules.naming.file_names import is_mapping
from apps.submissions.models import SubmittedFile
from apps.submissions.queries import parent_text, text_of


def find_successors(files: Iterable[SubmittedFile]) -> dict[str, str]:
    """Return the names of the references that new rmaps replace, each with the name of its successor.

    A reference that the new rmap still names elsewhere is not replaced. If there are several successors, the
    last one counts.
    """
    found: dict[str, str] = {}
    for file in files:
        if file.official_name.endswith(".rmap"):
            found |= _replaced(file)
    return found


def _replaced(rmap: SubmittedFile) -> dict[str, str]:
    old, new = parent_text(rmap), text_of(rmap)
    if old is None or new is None or not rmap.derived_from.endswith(".rmap"):
        return {}
    differences = logical_differences(
        old,
        new,
        old_name=rmap.derived_from,
        new_name=rmap.official_name,
        observatory=settings.OBSERVATORY,
    )
    pairs = dict(row.names for row in differences.rows if row.kind == "replaced" and len(row.names) == 2)
    return {before: after for before, after in pairs.items() if f"'{before}'" not in new}


def note_successors(found: Mapping[str, str]) -> None:
    """Store in the catalogue which references are replaced; call it in the transaction that confirms."""
    now = timezone.now()
    for before, after in found.items():
        if not is_mapping(before):
            File.objects.filter(name=before).update(replaced_by=after, changed_at=now)
    # A reference that is in use again no longer has a successor.
    returned = File.objects.filter(name__in=found.values()).exclude(replaced_by="")
    returned.update(replaced_by="", changed_at=now)
