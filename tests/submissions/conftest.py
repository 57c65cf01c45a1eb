"""A small site for each test that requests one, and certification children that all tests share."""

from collections.abc import Callable, Iterator

import pytest

from apps.submissions.pipeline import child_jobs
from tests.factories.sites import make_site
from tests.scratch import scratch
from tests.submissions.remembering import RememberingRunner


@pytest.fixture(scope="session")
def runners() -> Iterator[Callable[[str], RememberingRunner]]:
    """Return a function that gives the one runner of an observatory; all runners end with the session."""
    kept: dict[str, RememberingRunner] = {}
    folder = scratch() / "remembered"

    def runner_of(observatory: str) -> RememberingRunner:
        return kept.setdefault(observatory, RememberingRunner(observatory, folder))

    yield runner_of
    for runner in kept.values():
        runner.close()


@pytest.fixture(autouse=True)
def remembered(
    runners: Callable[[str], RememberingRunner], monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], RememberingRunner]:
    """Make the pipeline use the runners of the session."""
    monkeypatch.setattr(child_jobs, "runner_for", runners)
    return runners


@pytest.fixture
def site(db: None) -> str:
    """Return the context of a small site."""
    return make_site()
