"""A cleaner that completes what a killed process left between the bytes of a file and its row."""

import logging
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from apps.catalog import audit, queries, storage
from apps.catalog.models import Action, File
from apps.catalog.pipeline.contents import note_missing, note_stored

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Swept:
    """The number of unfinished files removed, the rows that were completed, and the mappings not read."""

    parts_removed: int
    completed: tuple[str, ...]
    unread: tuple[str, ...] = ()


def sweep(*, user: str) -> Swept:
    """Remove unfinished files older than an hour, and complete rows whose bytes are in the store already.

    Mappings whose contents are not noted, because their bytes were restored for example, are read now. Bytes
    without a row are left where they are: their row may soon be written, or the database may be an old copy.
    `verify_store` names them, and after an hour `add_file` can use the name without losing the bytes.
    """
    removed = storage.remove_abandoned_parts()
    unheld = set(File.objects.filter(held_at=None).exclude(sha1sum="").values_list("name", flat=True))
    names = [name for name in storage.stored_names() if name in unheld]
    completed = tuple(name for name in names if _complete(name, user=user))
    unread = note_missing()
    if removed or completed:
        logger.info("sweep: %d unfinished files removed, %d rows completed", removed, len(completed))
    return Swept(removed, completed, tuple(unread))


@transaction.atomic
def _complete(name: str, *, user: str) -> bool:
    """Note in the row that the bytes are here, if they are the catalogued ones."""
    file = queries.get_file(name)
    if file.is_held or storage.find_size(name) != file.size or storage.read_sum(name) != file.sha1sum:
        return False
    file.held_at = timezone.now()
    file.save(update_fields=["held_at", "changed_at"])
    note_stored([file])
    audit.file_changed(
        file, action=Action.COMPLETE_FILE, user=user, why="Its bytes were stored before a kill."
    )
    return True
