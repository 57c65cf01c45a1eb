"""Operations on submissions: start, repeat, confirm, force and cancel."""

from apps.submissions.operations.cancel import cancel
from apps.submissions.operations.confirm import confirm, force
from apps.submissions.operations.permissions import require_repeat
from apps.submissions.operations.provisional import confirm_left_provisional, confirm_provisional
from apps.submissions.operations.repeat import repeat
from apps.submissions.operations.start import SubmissionOptions, start

__all__ = [
    "SubmissionOptions",
    "cancel",
    "confirm",
    "confirm_left_provisional",
    "confirm_provisional",
    "force",
    "repeat",
    "require_repeat",
    "start",
]
