"""Making a backup."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import connection

from apps.catalog.backups import database, layout
from apps.catalog.backups.copies import copy, is_there
from apps.catalog.backups.errors import BadBackupError
from apps.catalog.backups.layout import BackupFacts, HeldFile
from apps.catalog.identity import marker
from apps.catalog.identity.marker import Identity
from apps.core.files import sync_folder, write_atomically

Complain = Callable[[str], object]


def back_up(
    backup: Path,
    *,
    complain: Complain,
    step: Callable[[], object] = lambda: None,
    begin: Callable[[int], object] = lambda _count: None,
    is_read: bool = False,
    keep: int = 0,
) -> BackupFacts:
    """Add a snapshot to a backup, and return the facts about it.

    A run that ends early leaves no snapshot, and the next run goes on with the files.

    Parameters
    ----------
    backup
        A folder, on another disk.
    complain
        Is called with a sentence for each file that could not be copied.
    begin, step
        Are called with the number of files, and for each of them.
    is_read
        Whether the copies of earlier runs are read again and compared.
    keep
        How many snapshots stay; 0 keeps all. Those that a kill left unfinished go when they are older than
        all that stay. Bytes are never removed.

    Raises
    ------
    BadBackupError
        Raised if the folder lies in the data root, or holds the backup of another server.
    """
    _require_apart(backup)
    before = layout.snapshots(backup)
    if before:
        _require_same_server(before[-1])
    snapshot = backup / "snapshots" / datetime.now(UTC).strftime(layout.MOMENT)
    snapshot.mkdir(parents=True, mode=0o700)
    try:
        # Without a snapshot nobody has said whose the bytes are that may lie there.
        facts = _fill(backup, snapshot, complain, step, begin, is_read=is_read or not before)
    except BaseException:
        _remove(snapshot)
        raise
    _remove_old(backup, keep)
    return facts


def _fill(
    backup: Path,
    snapshot: Path,
    complain: Complain,
    step: Callable[[], object],
    begin: Callable[[int], object],
    *,
    is_read: bool,
) -> BackupFacts:
    held = database.copy_to(snapshot / layout.DATABASE)
    layout.write_manifest(snapshot, held)
    _write_small(marker.load(), snapshot / layout.SERVER)
    _write_small(_secret_key(), snapshot / layout.SECRET)
    begin(len(held))
    lacking = _copy_files(backup, held, complain, step, is_read=is_read)
    facts = BackupFacts(
        made_at=snapshot.name,
        observatory=settings.OBSERVATORY,
        server_string=settings.SERVER_STRING,
        version=settings.SERVER_VERSION,
        vendor=connection.vendor,
        files=len(held),
        size=sum(file.size for file in held),
        sums={path.name: layout.sha1sum(path) for path in sorted(snapshot.iterdir())},
        lacking=lacking,
    )
    layout.write_facts(snapshot, facts)
    return facts


def _require_apart(backup: Path) -> None:
    if backup.resolve().is_relative_to(settings.DATA_ROOT.resolve()):
        raise BadBackupError(f"{backup} lies in {settings.DATA_ROOT}; name a folder on another disk.")


def _require_same_server(snapshot: Path) -> None:
    facts = layout.read_facts(snapshot)
    if facts.observatory != settings.OBSERVATORY:
        raise BadBackupError(
            f"{snapshot} is of {facts.observatory}, and this server is {settings.OBSERVATORY}; "
            "name another folder."
        )
    theirs, ours = marker.read(snapshot / layout.SERVER), marker.read()
    if _key(theirs) != _key(ours):
        raise BadBackupError(
            f"{snapshot} is of another server ({theirs or 'without an identity'}) than the store "
            f"{marker.path().parent} ({ours or 'without an identity'}); their files of one name may differ. "
            "Name another folder. After adopt_data a server needs a new one, too."
        )


def _key(identity: Identity | None) -> str:
    return identity.key if identity else ""


def _secret_key() -> bytes | None:
    kept = settings.DATA_ROOT / "secret_key"
    return kept.read_bytes() if kept.is_file() else None


def _write_small(content: bytes | None, target: Path) -> None:
    if content is not None:
        write_atomically(target, content, mode=layout.PRIVATE)


def _copy_files(
    backup: Path, held: list[HeldFile], complain: Complain, step: Callable[[], object], *, is_read: bool
) -> list[str]:
    """Copy what is not there yet, and return the names that could not be copied."""
    lacking = []
    for file in held:
        target = layout.file_path(backup, settings.OBSERVATORY, file.name)
        if not is_there(target, file, is_read=is_read):
            wrong = copy(target, file)
            if wrong:
                complain(wrong)
                lacking.append(file.name)
        step()
    for folder in ("mappings", "references"):
        sync_folder(backup / "files" / folder / settings.OBSERVATORY)
    return lacking


def _remove_old(backup: Path, keep: int) -> None:
    found = layout.snapshots(backup)
    gone = max(0, len(found) - keep) if keep else 0
    killed = [snapshot for snapshot in layout.unfinished(backup) if snapshot < found[gone]]
    for snapshot in (*found[:gone], *killed):
        _remove(snapshot)


def _remove(snapshot: Path) -> None:
    (snapshot / layout.FACTS).unlink(missing_ok=True)  # First, so that half of it never looks complete.
    shutil.rmtree(snapshot)
