"""The description of an archive's view, which must be complete before the server starts."""

from apps.core.readiness import PartNotReadyError, part
from apps.datasets.archive import get_archive
from apps.datasets.archive_view.archive import ViewArchive
from apps.datasets.archive_view.description import describe


@part("archive")
def archive() -> str:
    """Return the source of the headers of datasets.

    Its database is not asked: it may be away for a while, and answers say so then.
    """
    source = get_archive()
    if not isinstance(source, ViewArchive):
        return type(source).__name__
    try:
        view = describe()
    except ValueError as exc:
        raise PartNotReadyError(str(exc)) from exc
    return f"view {view.name}, {len(view.columns)} columns"
