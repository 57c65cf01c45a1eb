from typing import Any

import pytest

from tests.factories.jobs import KIND, does


@pytest.fixture(autouse=True)
def kinds(settings: Any) -> None:
    """Register a kind of job, for the time of one test, that does nothing unless the test says more."""
    settings.JOB_KINDS = {}
    does(lambda job: None, KIND)
