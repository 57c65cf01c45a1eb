"""Restoring a backup into an empty server: first the bytes, then the database, then a comparison of both."""

import shutil
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from apps.catalog import storage
from apps.catalog.backups import database, layout
from apps.catalog.backups.copies import copy, is_there
from apps.catalog.backups.errors import BadBackupError
from apps.catalog.backups.layout import BackupFacts
from apps.catalog.identity import marker


def restore(
    backup: Path,
    name: str,
    *,
    complain: Callable[[str], object],
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

    Raises
    ------
    BadBackupError
        Raised if the backup is damaged, or of another observatory or kind of database.
    NotEmptyError
        Raised if the database has rows already.
    """
    snapshot = layout.require_snapshot(backup, name)
    facts = layout.read_facts(snapshot)
    if facts.observatory != settings.OBSERVATORY:
        raise BadBackupError(
            f"The backup is of {facts.observatory}, and OBSERVATORY says {settings.OBSERVATORY}."
        )
    database.require_empty()
    storage.prepare()
    begin(facts.files)
    for file in layout.read_manifest(snapshot):
        target = storage.path_of(file.name)
        if not is_there(target, file, is_read=True):
            wrong = copy(layout.file_path(backup, facts.observatory, file.name), target, file)
            if wrong:
                complain(wrong)
        step()
    storage.sync_folders()
    _restore_small(snapshot / layout.SERVER, marker.path())
    _restore_small(snapshot / layout.SECRET, settings.DATA_ROOT / "secret_key")
    database.restore_from(snapshot / layout.DATABASE, vendor=facts.vendor)
    call_command("migrate", verbosity=0)
    return facts


def _restore_small(source: Path, target: Path) -> None:
    if source.is_file():
        shutil.copyfile(source, target)
        target.chmod(layout.PRIVATE if source.name == layout.SECRET else 0o644)
