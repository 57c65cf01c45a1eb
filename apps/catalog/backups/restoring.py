"""Restoring a backup into an empty server: first checks, then the bytes, the database, and its migrations.

The file ``restoring`` in the data root names the snapshot from the moment before the database is replaced
until the last migration is done. After an interruption it says that rows in the database are of the snapshot.
"""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.management import call_command

from apps.catalog import storage
from apps.catalog.backups import database, layout
from apps.catalog.backups.errors import BadBackupError
from apps.catalog.backups.layout import BackupFacts, HeldFile
from apps.catalog.errors import DamagedFileError, NameTakenError
from apps.catalog.identity import marker
from apps.core.files import write_atomically

Note = Callable[[str], object]


def restore(
    backup: Path,
    name: str,
    *,
    complain: Note,
    note: Note,
    begin: Callable[[int], object] = lambda _count: None,
    step: Callable[[], object] = lambda: None,
) -> BackupFacts:
    """Restore a snapshot, and return the facts about it. After an interruption the same call goes on.

    Parameters
    ----------
    name
        The snapshot; empty for the newest one.
    complain
        Is called with a sentence for each file whose bytes could not be restored.
    note
        Is called with a sentence for each file that was in the way, and where it is now.

    Raises
    ------
    BadBackupError
        Raised if the backup is damaged, or of another observatory, server or kind of database.
    DatabaseToolError
        Raised if a program of the database is missing or failed.
    NotEmptyError
        Raised if the database has rows already.
    """
    snapshot = layout.require_snapshot(backup, name)
    facts = layout.read_facts(snapshot)
    if facts.observatory != settings.OBSERVATORY:
        raise BadBackupError(
            f"The backup is of {facts.observatory}, and OBSERVATORY says {settings.OBSERVATORY}."
        )
    if facts.server_string != settings.SERVER_STRING:
        raise BadBackupError(
            f"The backup is of {facts.server_string}, and SERVER_STRING says {settings.SERVER_STRING}. Set "
            f"SERVER_STRING={facts.server_string}; after the restore adopt_data can rename the server."
        )
    database.require_restorable(snapshot / layout.DATABASE, vendor=facts.vendor)
    if not _is_under_way(facts):
        database.require_empty()
    storage.prepare()
    begin(facts.files)
    _restore_files(backup, snapshot, facts, complain, note, step)
    write_atomically(_mark(), facts.made_at.encode())
    if database.is_empty():  # If not, an interrupted run has replaced it already.
        database.restore_from(snapshot / layout.DATABASE)
    _restore_small(snapshot, facts, note)
    call_command("migrate", verbosity=0)
    _mark().unlink()
    return facts


def _mark() -> Path:
    return Path(settings.DATA_ROOT) / "restoring"


def _is_under_way(facts: BackupFacts) -> bool:
    """Return whether an interrupted run may have put the rows of this snapshot into the database."""
    return _mark().is_file() and _mark().read_text() == facts.made_at


def _restore_files(
    backup: Path, snapshot: Path, facts: BackupFacts, complain: Note, note: Note, step: Callable[[], object]
) -> None:
    for file in layout.read_manifest(snapshot):
        if not _is_stored(file):
            source = layout.file_path(backup, facts.observatory, file.name)
            try:
                _store(source, file, note)
            except DamagedFileError as exc:
                complain(str(exc))
            except FileNotFoundError:
                complain(f"{file.name} is not at {source}.")
            storage.let_go(file.name)
        step()
    storage.sync_folders()


def _is_stored(file: HeldFile) -> bool:
    """Return whether an interrupted run, or the server before, has stored the bytes."""
    return storage.find_size(file.name) == file.size and storage.read_sum(file.name) == file.sha1sum


def _store(source: Path, file: HeldFile, note: Note) -> None:
    """Store the bytes of a backup. Other bytes under the name are kept: they may be of a server in use."""
    with source.open("rb") as stream:
        try:
            _put(stream, file)
        except NameTakenError:
            target = storage.path_of(file.name)
            aside = storage.set_aside(target)
            note(f"{target} had other bytes than in the backup; they were moved to {aside}.")
            stream.seek(0)
            _put(stream, file)


def _put(stream: BinaryIO, file: HeldFile) -> None:
    target = storage.path_of(file.name)
    storage.put(stream, target, size=file.size, expected_sha1sum=file.sha1sum, is_in_batch=True)


def _restore_small(snapshot: Path, facts: BackupFacts, note: Note) -> None:
    """Restore the identity of the store and the secret key, if their sums were compared."""
    if layout.SERVER in facts.sums:
        content = (snapshot / layout.SERVER).read_bytes()
        before = marker.load()
        if before not in (None, content):
            aside = storage.keep_aside(marker.NAME, before)
            note(f"{marker.path()} had other bytes than in the backup; they were moved to {aside}.")
        marker.replace(content)
    if layout.SECRET in facts.sums:
        # There is always another one: settings make it when any command starts.
        content = (snapshot / layout.SECRET).read_bytes()
        write_atomically(settings.DATA_ROOT / "secret_key", content, mode=layout.PRIVATE)
