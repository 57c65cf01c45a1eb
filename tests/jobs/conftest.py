from typing import Any

import pytest

from tests.factories.jobs import KIND, does


@pytest.fixture(autouse=True)
def kinds(settings: Any) -> None:
    """Register a kind of job for one test; it does nothing unless the test gives it a function."""
    settings.JOB_KINDS = {}
    does(lambda job: None, KIND)
