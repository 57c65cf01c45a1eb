"""One version, told by the command, the metadata and the changelog; fragments and decisions in order."""

import datetime
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from django.conf import settings

from crds_server import __version__

ROOT = Path(settings.BASE_DIR)


def test_the_command_says_the_version() -> None:
    said = subprocess.run(
        [sys.executable, "manage.py", "--version"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout == f"The open CRDS server {__version__}\n"


def test_the_metadata_have_the_same_version() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == __version__
    assert __version__ == settings.SERVER_VERSION


def test_the_changelog_begins_with_this_version_and_falls() -> None:
    headings = re.findall(r"^## (\S+) \((\S+)\)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    versions = [tuple(int(part) for part in version.split(".")) for version, _date in headings]
    dates = [datetime.date.fromisoformat(date) for _version, date in headings]
    assert headings[0][0] == __version__
    assert versions == sorted(set(versions), reverse=True)
    assert dates == sorted(dates, reverse=True)


def test_every_fragment_names_its_kind() -> None:
    kinds = "|".join(kind["directory"] for kind in _configuration()["type"])
    names = {path.name for path in (ROOT / "docs" / "changes").iterdir()} - set(_configuration()["ignore"])
    assert [name for name in names if not re.fullmatch(rf"\+[a-z_-]+\.({kinds})\.md", name)] == []


def _configuration() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["towncrier"]


def test_each_decision_has_a_number_of_its_own() -> None:
    pages = sorted((ROOT / "docs" / "adr").glob("*.md"))
    numbers = [int(page.name[:4]) for page in pages]
    assert numbers == list(range(1, len(pages) + 1))
    assert [int(page.read_text().split(".")[0].removeprefix("# ")) for page in pages] == numbers
