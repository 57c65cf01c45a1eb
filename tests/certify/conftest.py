"""Runners that live as long as the test process, since the start of one takes seconds."""

from collections.abc import Iterator

import pytest

from apps.certify.runner import Runner


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
