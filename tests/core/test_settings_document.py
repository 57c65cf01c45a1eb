"""docs/settings.md lists every setting that is read, with its default; no other one, and none twice."""

import re
from collections import Counter

import pytest

from crds_server import env
from tests.roots import PROJECT

DOCUMENT = (PROJECT / "docs" / "settings.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([A-Z][A-Z0-9_]*)` \| (.+?) \| (.+) \|$", re.MULTILINE)
ROWS = {name: (default, meaning) for name, default, meaning in ROW.findall(DOCUMENT)}
SOURCES = "".join(
    (PROJECT / "crds_server" / name).read_text("utf-8")
    for name in ("settings.py", "env.py", "served_observatory.py")
)
# Tests of the readers ask for other names.
READ = {name: default for name, default in env.DEFAULTS.items() if f'"{name}"' in SOURCES}


def test_every_setting_is_documented_and_nothing_else() -> None:
    assert set(ROWS) == set(READ)


def test_no_setting_is_documented_twice() -> None:
    counts = Counter(name for name, _default, _meaning in ROW.findall(DOCUMENT))
    assert [name for name, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_default_that_is_a_number_a_word_or_nothing_is_the_documented_one(name: str) -> None:
    documented = ROWS[name][0].strip("`")
    real = READ[name]
    if re.fullmatch(r"\d+", real):
        assert documented in (real, "25, 587 or 465")  # The port depends on another setting.
    if documented in ("on", "off"):
        assert real == {"on": "yes", "off": "no"}[documented]
    if documented == "\N{EN DASH}":
        assert real == ""


def test_the_readme_leads_to_the_document() -> None:
    assert "docs/settings.md" in (PROJECT / "README.md").read_text(encoding="utf-8")
