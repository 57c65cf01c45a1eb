import contextlib
import json
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from apps.catalog import queries, storage
from apps.catalog.backups import database, layout, restoring, writing
from apps.catalog.backups.errors import BadBackupError, NotEmptyError
from apps.catalog.backups.layout import HeldFile
from apps.catalog.identity import marker
from apps.catalog.identity.marker import Identity
from tests import roots
from tests.factories.catalog import make_file
from tests.roots import environment_for, filled_root, manage

ASK = """
from apps.accounts.models import User
from apps.web import invariants
print(list(User.objects.values_list("username", "password")), list(invariants.violations()))
from apps.rpc.dispatcher import answer
for call in (
    ("get_default_context", ["jwst"]),
    ("list_references", ["jwst", "*"]),
    ("get_mapping_names", ["jwst-latest"]),
    ("get_file_info_map", ["jwst"]),
    ("get_aui_best_references", ["jwst-latest", ["JW02304003001_03102_00001.MIRIMAGE"]]),
):
    import json
    print(answer(json.dumps({"method": call[0], "params": call[1]}).encode()).decode())
"""


@dataclass
class Server:
    """A data root, and the environment of its commands."""

    root: Path
    environment: dict[str, str]

    def manage(self, *words: str, check: bool = True) -> str:
        return manage(self.environment, *words, check=check)


@contextlib.contextmanager
def empty_database(root: Path) -> Iterator[str]:
    """Yield the address of a database without tables."""
    if not roots._postgres():
        yield f"sqlite:///{root}/crds.sqlite3"
        return
    name = f"crds_restored_{secrets.token_hex(4)}"
    roots._run_sql(f'CREATE DATABASE "{name}"')
    try:
        yield roots._address(name)
    finally:
        roots._run_sql(f'DROP DATABASE "{name}" WITH (FORCE)')


# Each start of a command takes seconds, so one process does all that one server is asked for.
BACK_UP = """
from django.core.management import call_command
from apps.accounts.models import User
from apps.catalog.queries import held_files
from tests.factories.catalog import make_file
make_file("jwst_miri_dark_0001.fits", content=b"first")
from tests.factories.accounts import make_user
make_user("homer")
call_command("backup", {backup!r})
print("held", sorted(held_files()), User.objects.get().password)
"""
RESTORE = """
from django.core.management import CommandError, call_command
from apps.accounts.models import User
from apps.catalog.queries import held_files
call_command("restore", {backup!r})
print("held", sorted(held_files()), User.objects.get().password)
call_command("verify_store")
try:
    call_command("restore", {backup!r})
except CommandError as exc:
    print(exc)
"""


@contextlib.contextmanager
def second_server(first: Server, root: Path) -> Iterator[Server]:
    """Yield a server of the same name, with an empty database and without a store."""
    root.mkdir()
    with empty_database(root) as database_url:
        settings = environment_for("jwst", root, database_url)
        yield Server(root, settings | {"SERVER_STRING": first.environment["SERVER_STRING"]})


def test_a_restored_server_has_rows_and_bytes(tmp_path: Path) -> None:
    root, backup = tmp_path / "root", str(tmp_path / "backup")
    with filled_root("jwst", root) as database_url:
        first = Server(root, environment_for("jwst", root, database_url))
        before = first.manage("shell", "-c", BACK_UP.format(backup=backup))
        with second_server(first, tmp_path / "new") as second:
            after = second.manage("shell", "-c", RESTORE.format(backup=backup))
    [held] = [line for line in before.splitlines() if line.startswith("held")]
    assert "jwst_miri_dark_0001.fits" in held
    assert held in after.splitlines()
    assert "0 missing, 0 changed, 0 unknown" in after
    assert "already has files or accounts" in after


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Server]:
    with filled_root("jwst", tmp_path / "root", fill=("seed_demo",)) as database_url:
        yield Server(tmp_path / "root", environment_for("jwst", tmp_path / "root", database_url))


@pytest.mark.campaign
def test_a_restored_server_answers_as_before(demo: Server, tmp_path: Path) -> None:
    before = demo.manage("shell", "-c", ASK)
    assert '"error": null' in before
    assert "Snapshot " in demo.manage("backup", str(tmp_path / "backup"))
    refused = demo.manage("restore", str(tmp_path / "backup"), check=False)
    assert "already has files or accounts" in refused

    new = tmp_path / "new"
    with second_server(demo, new) as restored:
        [snapshot] = layout.snapshots(tmp_path / "backup")
        content = (snapshot / layout.DATABASE).read_bytes()
        (snapshot / layout.DATABASE).write_bytes(content[:-1] + b"?")
        told = restored.manage("restore", str(tmp_path / "backup"), check=False)
        assert f"{snapshot / layout.DATABASE} has sha1sum" in told
        assert not (new / "store" / "mappings").exists()

        (snapshot / layout.DATABASE).write_bytes(content)
        assert "Restored the snapshot" in restored.manage("restore", str(tmp_path / "backup"))
        shutil.rmtree(demo.root / "store")  # Nothing of the old server is needed.
        assert restored.manage("shell", "-c", ASK) == before
        assert "0 missing, 0 changed, 0 unknown" in restored.manage("verify_store")


@pytest.fixture
def backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, db: None) -> Path:
    """Return the folder of a backup; the copy of the database is made up."""

    def copy_to(target: Path) -> list[HeldFile]:
        target.write_bytes(b"rows")
        return [HeldFile(file.name, file.size, file.sha1sum) for file in queries.held_files().values()]

    monkeypatch.setattr(database, "copy_to", copy_to)
    return tmp_path / "backup"


def run(backup: Path, **options: Any) -> tuple[layout.BackupFacts, list[str]]:
    wrong: list[str] = []
    return writing.back_up(backup, complain=wrong.append, **options), wrong


def test_a_second_backup_copies_new_names_only(backup: Path) -> None:
    make_file("jwst_miri_dark_0001.fits", content=b"first")
    run(backup)
    first = layout.file_path(backup, "jwst", "jwst_miri_dark_0001.fits")
    written = first.stat().st_mtime_ns
    make_file("jwst_miri_dark_0002.fits", content=b"second")
    facts, wrong = run(backup)
    assert (facts.files, facts.size, wrong) == (2, 11, [])
    assert first.stat().st_mtime_ns == written
    assert layout.file_path(backup, "jwst", "jwst_miri_dark_0002.fits").read_bytes() == b"second"
    assert len(layout.snapshots(backup)) == 2


def test_old_snapshots_go_and_bytes_stay(backup: Path) -> None:
    make_file("jwst_miri_dark_0001.fits", content=b"first")
    for _ in range(3):
        run(backup, keep=2)
    assert len(layout.snapshots(backup)) == 2
    assert layout.file_path(backup, "jwst", "jwst_miri_dark_0001.fits").exists()


def test_a_snapshot_that_a_kill_left_half_done_goes_with_the_older_ones(backup: Path) -> None:
    half, foreign = (backup / "snapshots" / name for name in ("2020-01-02T030405.000006Z", "2020-notes"))
    for folder in (half, foreign):
        folder.mkdir(parents=True)
        (folder / layout.MANIFEST).touch()
    run(backup)
    assert {path.name for path in (backup / "snapshots").iterdir()} == {
        foreign.name,
        *(path.name for path in layout.snapshots(backup)),
    }


def test_damaged_bytes_never_enter_a_backup(backup: Path) -> None:
    make_file("jwst_miri_dark_0001.fits", content=b"first")
    make_file("jwst_miri_dark_0002.fits", content=b"second")
    storage.path_of("jwst_miri_dark_0001.fits").write_bytes(b"fIrst")
    facts, wrong = run(backup)
    assert facts.lacking == ["jwst_miri_dark_0001.fits"]
    assert "has sha1sum" in wrong[0]
    assert not layout.file_path(backup, "jwst", "jwst_miri_dark_0001.fits").exists()
    assert layout.file_path(backup, "jwst", "jwst_miri_dark_0002.fits").read_bytes() == b"second"


def test_a_good_copy_outlives_damage_in_the_store(backup: Path) -> None:
    make_file("jwst_miri_dark_0001.fits", content=b"first")
    run(backup)
    storage.path_of("jwst_miri_dark_0001.fits").write_bytes(b"fIrst")
    facts, wrong = run(backup)
    assert (facts.lacking, wrong) == ([], [])


def test_a_copy_that_lost_bits_is_found_and_made_again(backup: Path) -> None:
    make_file("jwst_miri_dark_0001.fits", content=b"first")
    run(backup)
    copied = layout.file_path(backup, "jwst", "jwst_miri_dark_0001.fits")
    copied.write_bytes(b"fIrst")
    run(backup)
    assert copied.read_bytes() == b"fIrst"  # Its size is right, and nobody asked to read it.
    run(backup, is_read=True)
    assert copied.read_bytes() == b"first"


def test_a_run_that_ended_early_is_no_snapshot(backup: Path) -> None:
    make_file("jwst_miri_dark_0001.fits", content=b"first")

    def fail() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(backup, step=fail)
    assert list((backup / "snapshots").iterdir()) == []
    with pytest.raises(BadBackupError, match="has no snapshot at all"):
        layout.require_snapshot(backup)
    run(backup)
    assert len(layout.snapshots(backup)) == 1


def test_a_backup_beside_the_store_is_refused(backup: Path, data_root: Path) -> None:
    with pytest.raises(BadBackupError, match="on another disk"):
        run(data_root / "backup")


def test_a_backup_of_another_observatory_is_refused(backup: Path, settings: Any) -> None:
    run(backup)
    settings.OBSERVATORY = "hst"
    with pytest.raises(BadBackupError, match="is of jwst, and this server is hst"):
        run(backup)


def test_a_backup_of_another_server_of_the_observatory_is_refused(backup: Path) -> None:
    make_file("jwst_miri_dark_0001.fits", content=b"first")
    marker.write(Identity("jwst", "one", key="a" * 32))
    run(backup)
    marker.write(Identity("jwst", "one", key="b" * 32))
    with pytest.raises(BadBackupError, match="is of another server"):
        run(backup)


def test_bytes_without_a_snapshot_are_read_before_they_are_trusted(backup: Path) -> None:
    left = layout.file_path(backup, "jwst", "jwst_miri_dark_0001.fits")
    left.parent.mkdir(parents=True)
    left.write_bytes(b"other")  # Another server's, whose first backup was killed.
    make_file("jwst_miri_dark_0001.fits", content=b"first")
    run(backup)
    assert left.read_bytes() == b"first"


def test_a_manifest_cannot_name_a_path_outside(tmp_path: Path) -> None:
    for name in ("../../etc/passwd", "a/b.fits", ""):
        with pytest.raises(BadBackupError, match="is not a file name"):
            layout.file_path(tmp_path, "jwst", name)


@pytest.mark.parametrize(
    "sums",
    [
        {},
        [],
        "database manifest",
        {"manifest": "0" * 40},
        {"database": "0" * 40},
        {"database": None, "manifest": 1},
        {"database": "nothing", "manifest": "nothing"},
        {"database": "0" * 40, "manifest": "0" * 40, "../../secret_key": "0" * 40},
    ],
)
def test_a_backup_without_the_sums_of_its_parts_is_refused(backup: Path, sums: Any) -> None:
    run(backup)
    [snapshot] = layout.snapshots(backup)
    facts = json.loads((snapshot / layout.FACTS).read_text())
    (snapshot / layout.FACTS).write_text(json.dumps(facts | {"sums": sums}))
    with pytest.raises(BadBackupError, match="must give the sha1sums of database and manifest"):
        layout.read_facts(snapshot)


SUM = "0123456789abcdef" * 2 + "01234567"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"word",
        f"{SUM} 5".encode(),
        f"{SUM} five a.fits".encode(),
        f"{SUM} -5 a.fits".encode(),
        f"{SUM} \u0665 a.fits".encode(),
        b"sum 5 a.fits",
        f"{SUM} 5 ../a.fits".encode(),
        f"{SUM} 5 \xff.fits".encode("latin-1"),
    ],
)
def test_a_malformed_line_of_a_manifest_is_named(tmp_path: Path, line: bytes) -> None:
    good = f"{SUM} 5 a.fits\n".encode()
    (tmp_path / layout.MANIFEST).write_bytes(good + line + b"\n")
    files = layout.read_manifest(tmp_path)
    assert next(files) == HeldFile("a.fits", 5, SUM)
    with pytest.raises(BadBackupError, match=r"Line 2 of .*manifest is not"):
        next(files)


def test_secrets_of_a_snapshot_are_private(backup: Path, data_root: Path) -> None:
    (data_root / "secret_key").write_text("secret")
    run(backup)
    [snapshot] = layout.snapshots(backup)
    assert snapshot.stat().st_mode & 0o077 == 0
    assert (snapshot / layout.SECRET).stat().st_mode & 0o077 == 0
    assert json.loads((snapshot / layout.FACTS).read_text())["sums"].keys() >= {"secret_key", "database"}


def test_the_manifest_is_checked_by_a_tool_of_the_system(backup: Path) -> None:
    make_file("jwst_miri_dark_0001.fits", content=b"first")
    run(backup)
    [snapshot] = layout.snapshots(backup)
    lines = [line.split(" ", 2) for line in (snapshot / layout.MANIFEST).read_text().splitlines()]
    sums = "".join(f"{digest}  {name}\n" for digest, _size, name in lines)
    checked = subprocess.run(
        ["sha1sum", "--check", "--strict"],
        input=sums,
        cwd=backup / "files" / "references" / "jwst",
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


@dataclass
class Empty:
    """The new server of a restore, whose database is made up."""

    is_full: bool = False
    migrations: list[BaseException | None] = field(default_factory=list)
    """What the next calls of ``migrate`` raise."""

    def is_empty(self) -> bool:
        return not self.is_full

    def restore_from(self, source: Path) -> None:
        assert not self.is_full
        self.is_full = True

    def migrate(self, *_words: Any, **_options: Any) -> None:
        if self.migrations and (exc := self.migrations.pop()):
            raise exc


@pytest.fixture
def empty(backup: Path, data_root: Path, monkeypatch: pytest.MonkeyPatch) -> Empty:
    """Back up a file and the secret key, and take both away from the server."""
    make_file("jwst_miri_dark_0001.fits", content=b"first")
    (data_root / "secret_key").write_text("secret")
    run(backup)
    shutil.rmtree(data_root)
    data_root.mkdir()
    server = Empty()
    monkeypatch.setattr(database, "is_empty", server.is_empty)
    monkeypatch.setattr(database, "_run", lambda *_words: None)
    monkeypatch.setattr(database, "restore_from", server.restore_from)
    monkeypatch.setattr(restoring, "call_command", server.migrate)
    return server


def restore(backup: Path) -> list[str]:
    """Restore the newest snapshot, and return what was said."""
    told: list[str] = []
    restoring.restore(backup, "", complain=told.append, note=told.append)
    return told


def test_a_restore_compares_the_kinds_of_database_before_it_writes(
    empty: Empty, backup: Path, data_root: Path
) -> None:
    [snapshot] = layout.snapshots(backup)
    other = {"sqlite": "postgresql"}.get(connection.vendor, "sqlite")
    layout.write_facts(snapshot, replace(layout.read_facts(snapshot), vendor=other))
    with pytest.raises(BadBackupError, match=f"The backup is of {other}"):
        restore(backup)
    assert list(data_root.iterdir()) == []


def test_a_restore_compares_the_names_of_the_servers_before_it_writes(
    empty: Empty, backup: Path, data_root: Path, settings: Any
) -> None:
    before, settings.SERVER_STRING = settings.SERVER_STRING, "other"
    with pytest.raises(BadBackupError, match=f"Set SERVER_STRING={before}"):
        restore(backup)
    assert list(data_root.iterdir()) == []


def test_a_restore_replaces_no_file_of_the_store(empty: Empty, backup: Path, data_root: Path) -> None:
    target = storage.path_of("jwst_miri_dark_0001.fits")
    target.parent.mkdir(parents=True)
    target.write_bytes(b"live!")
    [told] = restore(backup)
    assert target.read_bytes() == b"first"
    [aside] = (data_root / "unclaimed").iterdir()
    assert (aside.read_bytes(), str(aside) in told) == (b"live!", True)


def test_a_restore_that_fails_in_the_database_changes_no_secret(
    empty: Empty, backup: Path, data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data_root / "secret_key").write_text("live!")

    def fail(source: Path) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(database, "restore_from", fail)
    with pytest.raises(OSError, match="no space"):
        restore(backup)
    assert (data_root / "secret_key").read_text() == "live!"


def test_a_restore_killed_while_it_migrates_goes_on_when_it_is_run_again(
    empty: Empty, backup: Path, data_root: Path
) -> None:
    empty.migrations = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        restore(backup)
    (data_root / "secret_key").unlink()  # The kill may come before this file, too.
    assert restore(backup) == []
    assert (data_root / "secret_key").read_text() == "secret"
    with pytest.raises(NotEmptyError):  # The restore has ended.
        restore(backup)
