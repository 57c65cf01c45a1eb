"""Backups, snapshots and checks of a server with its store in a bucket, as operators do."""

import contextlib
import functools
import hashlib
import http.server
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from apps.catalog.backups import layout
from tests.catalog.test_backups import ASK, empty_database
from tests.contract.client import Client
from tests.contract.test_published_tree import EXPECTED, GET, nobody, variables
from tests.factories.own_bucket import S3Server, s3_server
from tests.live import LiveServer, free_port, running
from tests.roots import environment_for, filled_root, manage

pytestmark = [pytest.mark.campaign, pytest.mark.needs("weed")]


@pytest.fixture(scope="module")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture(scope="module")
def from_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the backup of a demo server whose store was a folder."""
    place = tmp_path_factory.mktemp("folder")
    with filled_root("jwst", place / "root", fill=("seed_demo",)) as database_url:
        environment = environment_for("jwst", place / "root", database_url)
        assert "Snapshot " in manage(environment, "backup", str(place / "backup"))
    return place / "backup"


@contextlib.contextmanager
def empty_server(root: Path, store: dict[str, str], name: str = "ops") -> Iterator[LiveServer]:
    """Yield the commands of a server with an empty database, an empty disk and a store in a bucket."""
    root.mkdir()
    port = free_port()
    with empty_database(root) as database_url:
        more = {"PUBLIC_URL": f"http://localhost:{port}", "WARM_UP": "0", "SERVER_STRING": name}
        environment = environment_for("jwst", root, database_url) | store | more
        with contextlib.closing(LiveServer("jwst", root, port, environment)) as server:
            yield server


@contextlib.contextmanager
def restored(root: Path, store: dict[str, str], backup: Path) -> Iterator[LiveServer]:
    """Yield a server into which a backup was restored."""
    facts = layout.read_facts(layout.require_snapshot(backup))
    with empty_server(root, store, facts.server_string) as server:
        assert "Restored the snapshot" in server.manage("restore", str(backup))
        server.manage("prepare")
        yield server


@pytest.fixture
def server(tmp_path: Path, seaweed: S3Server, from_folder: Path) -> Iterator[LiveServer]:
    """Return a server that was moved from a folder into a bucket; nothing is in its cache."""
    with restored(tmp_path / "root", seaweed.settings(), from_folder) as server:
        shutil.rmtree(tmp_path / "root" / "store")
        yield server


@dataclass(frozen=True)
class Seen:
    """The answers of a server, and the sums of the files that its client fetched."""

    answers: str
    files: dict[str, str]


def look(server: LiveServer, home: Path) -> Seen:
    """Ask a server, and have the client fetch all files of its latest context."""
    answers = server.manage("shell", "-c", ASK)
    assert '"error": null' in answers
    with running(server.environment, server.port):
        return Seen(answers, fetch(server, home))


def fetch(server: LiveServer, home: Path) -> dict[str, str]:
    home.mkdir()
    synced = Client(server, home).crds("sync", "--contexts", "jwst-latest", "--fetch-references")
    assert (synced.status, "0 errors" in synced.text) == (0, True), synced.text
    return {
        path.name: hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()
        for folder in ("mappings", "references")
        for path in (home / folder).rglob("jwst_*")
    }


def bucket_of(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith("BUCKET")}


def require_order(server: LiveServer) -> None:
    """Check that rows and objects agree."""
    assert "0 missing, 0 changed, 0 unknown" in server.manage("verify_store")
    assert ", 0 violations." in server.manage("doctor", "--invariants")


def test_after_a_wipe_a_restored_bucket_gives_the_same_answers_and_bytes(
    server: LiveServer, seaweed: S3Server, tmp_path: Path
) -> None:
    before = look(server, tmp_path / "before")
    assert len(before.files) > 20
    backup = tmp_path / "backup"
    assert "Snapshot " in server.manage("backup", str(backup))
    # The database is another one, and the bucket and the disk of the machine are empty.
    seaweed.wipe(server.environment)
    shutil.rmtree(server.root)
    with restored(tmp_path / "new", bucket_of(server.environment), backup) as after:
        require_order(after)
        assert look(after, tmp_path / "after") == before
        again = after.manage("backup", str(backup), "--verify")
        assert "Snapshot " in again


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextlib.contextmanager
def static_server(folder: Path) -> Iterator[str]:
    """Serve a folder by a web server that knows nothing of us; yield its address."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as web:
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{web.server_address[1]}"
        finally:
            web.shutdown()
            thread.join()


def test_a_snapshot_of_a_bucket_answers_the_client_from_a_plain_web_server(
    server: LiveServer, seaweed: S3Server, tmp_path: Path
) -> None:
    told = server.manage("publish_snapshot", str(tmp_path / "tree"))
    assert " new" in told
    assert ", 0 of them new" in server.manage("publish_snapshot", str(tmp_path / "tree"))
    seaweed.wipe(server.environment)
    shutil.rmtree(server.root)
    (cache := tmp_path / "cache").mkdir()
    with static_server(tmp_path / "tree") as address:
        done = Client(nobody(tmp_path), cache).python(GET, **variables(address))
    assert EXPECTED in done.output, done.text


def test_commands_say_in_one_sentence_that_the_bucket_is_away(server: LiveServer, tmp_path: Path) -> None:
    away = server.environment | {"BUCKET_ENDPOINT": f"http://127.0.0.1:{free_port()}"}
    for words in (("backup", str(tmp_path / "backup")), ("doctor", "--invariants"), ("prepare",)):
        said = manage(away, *words, check=False)
        assert "Not started: The bucket does not answer: " in said
        assert "Traceback" not in said
