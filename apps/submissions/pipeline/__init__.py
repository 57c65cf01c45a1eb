"""What a worker does with a submission: steps that may run twice, each recorded when it is done."""

from apps.submissions.pipeline.run import STEPS, run
from apps.submissions.pipeline.sweep import sweep

__all__ = ["STEPS", "run", "sweep"]
