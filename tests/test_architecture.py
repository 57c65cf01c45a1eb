"""The page of the architecture names what is there, and shows the layers that the lint checks."""

import ast
import re
import tomllib
from collections import Counter
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PAGE = (ROOT / "docs" / "architecture.md").read_text()


def test_every_path_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"`((?:apps|docs|tests)/[^`]*)`", PAGE))
    assert len(named) > 40
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_the_page_lists_the_apps_in_the_order_of_the_layers() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = [set(layer.split(" | ")) for layer in contracts[0]["layers"]]
    listed = [f"apps.{name}" for name in re.findall(r"\| `apps/(\w+)` \|", PAGE)]
    assert set(listed) == set().union(*layers)
    height = {app: place for place, layer in enumerate(layers) for app in layer}
    assert listed == sorted(listed, key=lambda app: height[app])


def test_no_two_public_classes_of_the_apps_share_a_name() -> None:
    named = Counter(
        node.name
        for path in (ROOT / "apps").rglob("*.py")
        if "migrations" not in path.parts
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    shared = {name for name, times in named.items() if times > 1}
    # Django demands `Command`; each app with a state machine calls its states `Status`.
    assert shared == {"Command", "Status"}


def test_every_view_that_reads_files_is_marked_for_them() -> None:
    """Other views get no files at all, so a forgotten mark looks like a form without its file."""
    forgotten = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in (ROOT / "apps").rglob("*views.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and "request.FILES" in ast.unparse(node)
        and not any(isinstance(mark, ast.Name) and mark.id == "takes_files" for mark in node.decorator_list)
    ]
    assert forgotten == []
