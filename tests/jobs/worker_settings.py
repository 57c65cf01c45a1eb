"""The settings of worker processes in these tests: the project's, and kinds of jobs to run."""

from crds_server.settings import *  # noqa: F403

JOB_LANES = JOB_LANES | {"locked": 1}  # noqa: F405
JOB_KINDS = {name: f"tests.jobs.kinds.{name}" for name in ("slow", "held", "quick", "known", "locked")}
