"""Runners that live as long as the test process, since the start of one takes seconds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.certify.runner import Runner

FOLDER = Path(__file__).parent
RUNNERS = {"hst", "jwst", "roman"}
ASKING = {"test_child_verdicts.py"}  # It asks for a runner by the name of a parameter.


@pytest.fixture(scope="session")
def hst() -> Iterator[Runner]:
    yield from _runner("hst")


@pytest.fixture(scope="session")
def jwst() -> Iterator[Runner]:
    yield from _runner("jwst")


@pytest.fixture(scope="session")
def roman() -> Iterator[Runner]:
    yield from _runner("roman")


def _runner(observatory: str) -> Iterator[Runner]:
    runner = Runner(observatory)
    yield runner
    runner.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that share these runners in one process."""
    for item in items:
        is_ours = item.path.parent == FOLDER and not item.get_closest_marker("xdist_group")
        if is_ours and (RUNNERS.intersection(getattr(item, "fixturenames", ())) or item.path.name in ASKING):
            item.add_marker(pytest.mark.xdist_group("certification"))
