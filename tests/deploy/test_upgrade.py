"""An upgrade from an earlier release: its code fills a database and a store, and ours takes them over.

The earlier code is taken from the history of this repository.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.factories.own_postgresql import own_postgresql
from tests.needs import EARLIER_RELEASE
from tests.roots import PROJECT

pytestmark = [pytest.mark.campaign, pytest.mark.needs("history")]

# What clients and people have asked an old server must have the same answer afterwards.
ASK = """
import json, os
import django
os.environ["DJANGO_SETTINGS_MODULE"] = "crds_server.settings"
django.setup()
from apps.accounts.models import User
from apps.rpc.dispatcher import answer
def ask(method, *params):
    call = {"jsonrpc": "1.0", "id": 1, "method": method, "params": params}
    said = json.loads(answer(json.dumps(call).encode()))
    assert said["error"] is None, said
    return said["result"]
found = {
    "people": list(User.objects.order_by("username").values_list("username", "password", "email")),
    "context": ask("get_default_context", "jwst"),
    "references": ask("list_references", "jwst", "*"),
    "mappings": ask("get_mapping_names", "jwst-edit"),
    "facts": ask("get_file_info_map", "jwst"),
    "history": ask("get_context_history", "jwst"),
}
ids = ask("get_dataset_ids", found["context"], "miri")[:20]
found["best"] = ask("get_aui_best_references", found["context"], ids)
found["headers"] = ask("get_dataset_headers_by_id", found["context"], ids)
print(json.dumps(found))
"""


def run(code: Path, environment: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words], cwd=code, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def earlier_code(folder: Path) -> Path:
    """Unpack the earlier release."""
    packed = folder / "earlier.tar"
    subprocess.run(["git", "archive", f"--output={packed}", EARLIER_RELEASE], cwd=PROJECT, check=True)
    with tarfile.open(packed) as archive:
        archive.extractall(folder / "earlier", filter="data")
    return folder / "earlier"


@contextlib.contextmanager
def empty_sqlite(root: Path) -> Iterator[str]:
    yield f"sqlite:///{root}/crds.sqlite3"


@contextlib.contextmanager
def empty_postgresql(root: Path) -> Iterator[str]:
    with own_postgresql() as server:
        yield server.url


@pytest.mark.parametrize(
    "empty_database",
    [
        pytest.param(empty_sqlite, id="sqlite"),
        pytest.param(empty_postgresql, id="postgresql", marks=pytest.mark.needs("postgresql-programs")),
    ],
)
def test_the_data_of_an_earlier_release_give_the_same_answers(
    empty_database: Callable[[Path], contextlib.AbstractContextManager[str]], tmp_path: Path
) -> None:
    old = earlier_code(tmp_path)
    root = tmp_path / "root"
    root.mkdir()
    with empty_database(root) as database_url:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "OBSERVATORY": "jwst",
            "SERVER_STRING": "ops",
            "DATA_ROOT": str(root),
            "DATABASE_URL": database_url,
        }
        run(old, environment, "manage.py", "migrate", "--verbosity", "0")
        run(old, environment, "manage.py", "seed_demo")
        before = json.loads(run(old, environment, "-c", ASK).splitlines()[-1])
        shutil.rmtree(root / "artifacts", ignore_errors=True)
        run(PROJECT, environment, "manage.py", "prepare")
        after = json.loads(run(PROJECT, environment, "-c", ASK).splitlines()[-1])
        assert len(before["references"]) > 50
        assert {name for name in before if before[name] != after[name]} == set()
        assert "0 missing, 0 changed, 0 unknown" in run(PROJECT, environment, "manage.py", "verify_store")
        told = run(PROJECT, environment, "manage.py", "doctor", "--invariants")
        assert ", 0 violations." in told, told
