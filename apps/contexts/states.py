"""How a context is chosen on pages, and where its files must be before it is latest."""

from django.db.models import TextChoices

from apps.catalog.states import FileState


class Choice(TextChoices):
    """The ways to choose a context, as forms post them (website specification, section 5.4)."""

    EDIT = "pmap_edit", "Editing Context"
    LATEST = "pmap_latest", "Latest Context"
    RECENT = "pmap_menu", "Recent"
    TYPED = "pmap_text", "User Specified"


FORMER_CHOICES = {"pmap_operational": Choice.LATEST}  # Older clients and pages post these.

# The archive has the file: whoever asks for its bytes gets them there, if not here.
ARRIVED = frozenset({FileState.ARCHIVED, FileState.OPERATIONAL, FileState.LATEST})
# A file on its way to the archive keeps the state that its way goes on from.
BECOMES_LATEST_FROM = frozenset({FileState.DELIVERED, FileState.ARCHIVED, FileState.OPERATIONAL})
