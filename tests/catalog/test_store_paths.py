"""The modules that may open paths of the store: only those that compare bytes with the catalogue."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

APPS = Path(__file__).resolve().parents[2] / "apps"
PATHS = {"path_of", "mapping_path", "reference_path"}

# The store itself; the reader that compares; what takes files in, verifies, sweeps and copies with a sum. The
# identity only looks whether files are there.
MAY_OPEN = {
    "catalog/storage.py",
    "catalog/reading.py",
    "catalog/operations.py",
    "catalog/identity/operations.py",
}
MAY_OPEN_BELOW = ("catalog/pipeline/", "catalog/management/", "catalog/backups/")
# `bring` copies a file of a bucket to this machine; the first compares the very stream that it then sends.
MAY_BRING = {"catalog/reading.py", "distribution/serving.py"}
# `locate` and `require_present` compare the size only. These open nothing, or compare the stream they send.
MAY_LOCATE = {
    "catalog/reading.py",
    "distribution/queries.py",
    "contexts/memory.py",
    "web/difference_pages/compared_files.py",
    "web/file_pages/details.py",
}
# Free space, the page of the operators, the address behind a web server, the identity of what is in memory,
# and the owner of the store.
MAY_NAME_ROOT = {
    "catalog/bucket_store.py",
    "catalog/storage.py",
    "catalog/identity/marker.py",
    "catalog/identity/operations.py",
    "catalog/identity/queries.py",
    "web/health.py",
    "distribution/serving.py",
    "web/activity_chart.py",
    "console/views.py",
}


def trespasses(source: str, module: str) -> Iterator[str]:
    """Yield each forbidden use of a path of the store in a module."""
    tree = ast.parse(source)
    told_to_children = {
        id(node)
        for call in ast.walk(tree)
        if isinstance(call, ast.keyword) and call.arg == "store"
        for node in ast.walk(call)
    }
    for node in ast.walk(tree):
        names = _imported(node) | _asked_of_storage(node)
        if names & PATHS and module not in MAY_OPEN and not module.startswith(MAY_OPEN_BELOW):
            yield f"{module} uses {', '.join(sorted(names & PATHS))}"
        if (
            names & {"bring", "bring_again", "copy_out"}
            and module not in MAY_BRING | MAY_OPEN
            and (not module.startswith(MAY_OPEN_BELOW))
        ):
            yield f"{module} uses {', '.join(sorted(names))}"
        if names & {"locate", "require_present"} and module not in MAY_LOCATE:
            yield f"{module} uses locate"
        is_root = isinstance(node, ast.Attribute) and node.attr == "STORE_ROOT"
        if is_root and id(node) not in told_to_children and module not in MAY_NAME_ROOT:
            yield f"{module} uses STORE_ROOT"


def _imported(node: ast.AST) -> set[str]:
    homes = {"apps.catalog.storage", "apps.catalog.reading"}
    if isinstance(node, ast.ImportFrom) and node.module in homes:
        return {alias.name for alias in node.names}
    return set()


def _asked_of_storage(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return {node.attr} if node.value.id in {"storage", "reading"} else set()
    return set()


def test_only_checked_readers_open_the_store() -> None:
    modules = sorted(APPS.rglob("*.py"))
    assert len(modules) > 300
    found = [
        trespass
        for path in modules
        for trespass in trespasses(path.read_text(), path.relative_to(APPS).as_posix())
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "from apps.catalog import storage\nstorage.path_of(name).read_text()",
        "from apps.catalog.storage import mapping_path",
        "from apps.catalog.reading import locate\nlocate(file).read_bytes()",
        "open(settings.STORE_ROOT / 'mappings' / name)",
    ],
)
def test_a_reader_that_bypasses_the_check_is_found(source: str) -> None:
    assert list(trespasses(source, "submissions/pipeline/submission_run.py"))


def test_a_child_may_be_told_where_the_store_is() -> None:
    assert not list(trespasses("Job(store=str(settings.STORE_ROOT))", "submissions/pipeline/child_jobs.py"))
