"""The settings of worker processes in these tests: searches with many small and slow parts."""

from crds_server.settings import *  # noqa: F403

JOB_KINDS = {
    "reprocessing": "tests.reprocessing.kinds.search",
    "reprocessing_help": "tests.reprocessing.kinds.help_search",
}
