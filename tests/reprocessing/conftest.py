from typing import Any

import pytest


@pytest.fixture(autouse=True)
def hubble(settings: Any) -> None:
    """Serve the observatory whose products have several exposures."""
    settings.OBSERVATORY = "hst"
    settings.MAIL_LISTS = ["archive@example.org"]
