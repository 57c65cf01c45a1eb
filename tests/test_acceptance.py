"""The list of what the website must do names tests; they are there."""

import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)


def test_every_test_that_the_list_of_acceptance_names_is_there() -> None:
    text = (ROOT / "docs" / "acceptance.md").read_text()
    named = re.findall(r"`(tests/[^`]+)`", text)
    assert len(named) > 30
    assert [name for name in named if not (ROOT / name).exists()] == []
    assert {int(number) for number in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)} == set(range(1, 19))
