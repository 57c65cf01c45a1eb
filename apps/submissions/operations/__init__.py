"""Operations on submissions: start, confirm, force and cancel."""

from apps.submissions.operations.cancel import cancel
from apps.submissions.operations.confirm import confirm, force
from apps.submissions.operations.start import SubmissionOptions, start

__all__ = ["SubmissionOptions", "cancel", "confirm", "force", "start"]
