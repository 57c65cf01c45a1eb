import pytest


@pytest.fixture(autouse=True)
def hubble(settings) -> None:
    settings.OBSERVATORY = "hst"
