"""The choices of a context on pages, and the states that its files must have to become latest."""

from django.db.models import TextChoices

from apps.catalog.states import FileState


class ContextChoice(TextChoices):
    """The ways to choose a context, as forms post them (website specification, section 5.4)."""

    EDIT = "pmap_edit", "Editing Context"
    LATEST = "pmap_latest", "Latest Context"
    RECENT = "pmap_menu", "Recent"
    TYPED = "pmap_text", "User Specified"


FORMER_CHOICES = {"pmap_operational": ContextChoice.LATEST}  # Older clients and pages post these.

# The archive has the file: people get its bytes there if they are not here.
ARRIVED = frozenset({FileState.ARCHIVED, FileState.OPERATIONAL, FileState.LATEST})
# A file on its way to the archive keeps its state, because the next step depends on it.
BECOMES_LATEST_FROM = frozenset({FileState.DELIVERED, FileState.ARCHIVED, FileState.OPERATIONAL})
