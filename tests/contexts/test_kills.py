"""Imports that are killed at any point: the next import ends like one that was never disturbed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.campaigns import first_of
from tests.factories.catalog import make_cache
from tests.roots import PROJECT, manage

# Sets a trap in one function of the import, imports, and prints the rows unless the trap kills it.
IMPORT = """
import os, sys, django
django.setup()
from django.core.management import call_command
from tests.contexts.test_import_cache import state

def set_trap(module, function, after, dies_behind):
    whole, calls = getattr(module, function), 0
    def dying(*arguments, **keywords):
        nonlocal calls
        if calls == after and not dies_behind:
            os._exit(9)
        result = whole(*arguments, **keywords)
        if calls == after:
            os._exit(9)
        calls += 1
        return result
    setattr(module, function, dying)

{trap}
call_command("import_cache", sys.argv[1])
call_command("verify_store")
print([repr(part) for part in state()])
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_cache(
        tmp_path_factory.mktemp("cache"),
        bad_files_list=["jwst_miri_dark_0001.fits"],
        extra={"jwst_0002.pmap": b"", "jwst_nircam_0001.imap": b"x"},
    )


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty data root with the tables made."""
    root = tmp_path_factory.mktemp("template")
    manage(environment(root), "migrate", "--verbosity", "0")
    return root


@pytest.fixture(scope="module")
def undisturbed(cache: Path, template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    root = tmp_path_factory.mktemp("undisturbed") / "data"
    shutil.copytree(template, root)
    return finish(root, cache)


def environment(root: Path) -> dict[str, str]:
    return os.environ | {
        "DATA_ROOT": str(root),
        "DATABASE_URL": f"sqlite:///{root}/crds.sqlite3",
        "OBSERVATORY": "jwst",
        "DJANGO_SETTINGS_MODULE": "crds_server.settings",
    }


def import_in_child(root: Path, cache: Path, trap: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", IMPORT.replace("{trap}", trap), str(cache)],
        cwd=PROJECT,
        env=environment(root),
        capture_output=True,
        text=True,
        check=False,
    )


def finish(root: Path, cache: Path) -> str:
    """Import without a trap and return the rows that are left."""
    done = import_in_child(root, cache)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("not taken: ") == 2
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("module", "function", "after", "dies_behind"),
    first_of(
        [
            ("catalog.operations", "register", 0, True),
            ("catalog.storage", "_write", 0, True),
            ("catalog.storage", "_write", 3, True),
            ("catalog.storage", "_publish", 2, False),
            ("catalog.storage", "_publish", 3, True),
            ("catalog.pipeline.intake", "_confirm", 0, False),
            ("catalog.pipeline.intake", "_confirm", 0, True),
            ("catalog.operations", "adopt_bad_files", 0, True),
            ("contexts.operations", "adopt_eras", 0, True),
            ("contexts.operations", "adopt_pointer", 0, True),
        ],
        are_several=True,
    ),
)
def test_a_killed_import_ends_like_an_undisturbed_one(
    tmp_path: Path,
    cache: Path,
    template: Path,
    undisturbed: str,
    module: str,
    function: str,
    after: int,
    dies_behind: bool,
) -> None:
    root = tmp_path / "killed"
    shutil.copytree(template, root)
    trap = f"import apps.{module} as module; set_trap(module, {function!r}, {after}, {dies_behind})"
    done = import_in_child(root, cache, trap)
    assert done.returncode == 9, done.stderr
    for path in root.glob("store/*/jwst/*map"):
        assert path.read_bytes() == (cache / "mappings/jwst" / path.name).read_bytes()
    assert finish(root, cache) == undisturbed
