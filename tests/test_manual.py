"""The manual: every page is listed, and it builds without a broken link."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.needs import PROJECT


def listed(entry: Any) -> list[str]:
    """Return the pages of a part of the contents."""
    if isinstance(entry, str):
        return [entry]
    parts = entry.values() if isinstance(entry, dict) else entry
    return [page for part in parts for page in listed(part)]


def test_the_contents_list_the_operators_manual_and_no_page_twice() -> None:
    contents = yaml.safe_load((PROJECT / "mkdocs.yml").read_text())["nav"]
    pages = listed(contents)
    assert len(pages) == len(set(pages))
    assert {"settings.md", "guide/operating.md", "guide/watching.md", "guide/mirrors.md"} <= set(pages)


def test_it_builds_without_a_broken_link_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "site" / "guide" / "operating.html").read_text()
    assert "crds-backup.timer" in page
    assert 'src="http' not in page
