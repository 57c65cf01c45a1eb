"""Files in an ingest area, as if they had been uploaded."""

from pathlib import Path

from django.utils import timezone

from apps.accounts.models import User
from apps.catalog import storage
from apps.submissions.models import IngestFile
from apps.submissions.uploads import ingest_area


def make_ingest_file(user: User, source: Path, *, name: str = "") -> IngestFile:
    """Put a copy of a file into somebody's ingest area; one of this name is replaced."""
    target = ingest_area.path_of(user.pk, name or source.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    target.write_bytes(source.read_bytes())
    row, _ = IngestFile.objects.update_or_create(
        owner_id=user.pk,
        name=target.name,
        defaults={
            "size": target.stat().st_size,
            "sha1sum": storage.sha1sum(target),
            "completed_at": timezone.now(),
        },
    )
    return row
