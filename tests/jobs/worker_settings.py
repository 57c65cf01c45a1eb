"""The settings of worker processes in these tests: ours, and kinds of jobs to run."""

from crds_server.settings import *  # noqa: F403

JOB_KINDS = {"slow": "tests.jobs.kinds.slow", "quick": "tests.jobs.kinds.quick"}
