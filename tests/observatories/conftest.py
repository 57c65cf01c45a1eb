"""The made-up observatory that the tests of definitions serve."""

import pytest

from apps.rules import observatories
from apps.rules.observatories.definition_reader import read_definition
from tests.rules.test_definition_reader import SMALL


@pytest.fixture
def keckao(settings):
    """Serve a small made-up observatory in this process, and forget it afterwards."""
    definition = read_definition(SMALL)
    observatories.serve(definition)
    settings.OBSERVATORY = definition.name
    yield definition
    observatories.forget(definition.name)
