"""The page of the architecture names what is there, and shows the layers that the lint checks."""

import ast
import re
import subprocess
import tomllib
from collections import Counter
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PAGE = (ROOT / "docs" / "architecture.md").read_text()

# An underscore ends a word here, so that names of files count as well.
MISSION = re.compile(r"(?<![a-z])(?:hst|jwst|roman)(?![a-z])", re.IGNORECASE)
DEFINITIONS = ("apps/rules/observatories/missions/", "apps/rules/observatories/hooks/", "apps/demo/")

# Words that the wire has fixed, with the files that may say them.
WIRE = {
    # The key of an answer in the form of deliveries: scripts fill it in, and the YAML of the form names it.
    'key="jwst_etc"': {"apps/submissions/forms/questions.py"},
    # The title and the key of a column of the history, in the order that scripts read.
    '("JWST ETC", "jwst_etc")': {"apps/submissions/pages/history.py"},
}


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


def test_nothing_outside_the_definitions_names_a_mission() -> None:
    naming = [
        f"{path}:{number}: {line.strip()[:120]}"
        for path in _sources()
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1)
        if MISSION.search(_without_wire_words(line, path))
    ]
    assert naming == []


def test_every_word_of_the_wire_is_still_said() -> None:
    assert [
        (word, path)
        for word, paths in WIRE.items()
        for path in paths
        if word not in (ROOT / path).read_text()
    ] == []


def _sources() -> list[str]:
    where = ("apps", "crds_server", "templates", "static", "manage.py")
    listed = subprocess.run(
        ["git", "ls-files", "--", *where], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    texts = (".py", ".html", ".txt", ".js", ".css", ".yaml", ".json", ".dat", ".xml", ".svg", ".md")
    return [
        path
        for path in listed
        if path.endswith(texts) and "/vendor/" not in path and not path.startswith(DEFINITIONS)
    ]


def _without_wire_words(line: str, path: str) -> str:
    for word, paths in WIRE.items():
        if path in paths:
            line = line.replace(word, "")
    return line
