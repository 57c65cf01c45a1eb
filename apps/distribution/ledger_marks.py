"""Tell which rows of the catalog may have changed since they were read, and if the catalog is the same."""

from datetime import datetime, timedelta

from apps.catalog.models import AuditRecord

# A row tells the time of its last change; its transaction may commit later than that. The rows of this time
# before the last reading are therefore read once more.
LONGEST_TRANSACTION = timedelta(days=1)

Mark = list[str]  # Key and time of an audit record; empty if there was none.


def newest_mark() -> Mark:
    """Return the newest audit record: a database restored from an older copy does not have it."""
    newest = AuditRecord.objects.order_by("-pk").values_list("pk", "at").first()
    return [str(newest[0]), newest[1].isoformat()] if newest else []


def is_here(mark: Mark) -> bool:
    """Return whether the database still has the audit record of a mark."""
    if not mark:
        return not AuditRecord.objects.exists()
    return AuditRecord.objects.filter(pk=mark[0], at=datetime.fromisoformat(mark[1])).exists()
