"""Steps by which a worker processes a submission; each may run twice, and is recorded when it is done."""

from apps.submissions.pipeline.run import STEPS, run
from apps.submissions.pipeline.sweep import remove_unneeded, sweep

__all__ = ["STEPS", "remove_unneeded", "run", "sweep"]
