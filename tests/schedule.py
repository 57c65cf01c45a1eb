"""The order in which the processes of a run take tests, so that all of them end at about the same time.

The tests of one file stay in one process, because they share fixtures. Tests with the mark ``xdist_group``
stay with their group instead. Groups that take long begin first.
"""

from collections.abc import Iterable

import pytest
from xdist.scheduler import LoadGroupScheduling

# The groups and files that take longest, by themselves, with servers and clients. Their order is what counts.
LONGEST = (
    "browser",
    "browser_deliveries",
    "delivery_server",
    "demo_server",
    "tutorial",
    "hst_server",
    "certification",
    "keckao_server",
    "tests/submissions/test_kills.py",
    "tests/contract/test_own_observatory.py",
    "tests/contract/test_published_tree.py",
    "tests/contract/test_path_prefix.py",
    "tests/contract/test_demo_certifies.py",
    "tests/contexts/test_kills.py",
    "tests/jobs/test_workers.py",
    "tests/jobs/test_broker_outages.py",
    "tests/reprocessing/test_workers.py",
    "tests/mails/test_workers.py",
    "tests/core/test_own_database.py",
    "tests/core/test_up.py",
    "tests/contract/test_client_package.py",
    "tests/certify/test_runner.py",
    "tests/core/test_start.py",
    "tests/rpc/test_budgets.py",
    "tests/demo/test_operations.py",
    "tests/certify/test_headers.py",
)
_RANKS = {name: rank for rank, name in enumerate(LONGEST)}


def group_of(nodeid: str) -> str:
    """Return the group after the sign ``@`` of an id, or the file of the test."""
    if nodeid.rfind("@") > nodeid.rfind("]"):
        return nodeid.rpartition("@")[2]
    return nodeid.partition("::")[0]


def longest_first(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Return the tests with those of `LONGEST` in front, otherwise in their order."""
    return sorted(items, key=lambda item: _RANKS.get(group_of(item.nodeid), len(LONGEST)))


class GroupScheduling(LoadGroupScheduling):
    """Gives each process one group of tests after the other, in the order of their collection."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
