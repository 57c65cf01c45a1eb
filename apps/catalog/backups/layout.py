"""The folders and small files of a backup."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from apps.catalog.backups.errors import BadBackupError
from apps.core.files import write_atomically
from apps.rules.naming.file_names import is_file_name, is_mapping

DATABASE, MANIFEST, SERVER, SECRET, FACTS = (
    "database",
    "manifest",
    "server.json",
    "secret_key",
    "backup.json",
)
PRIVATE = 0o600


@dataclass(frozen=True, slots=True, order=True)
class HeldFile:
    """A file that the catalog says is held."""

    name: str
    size: int
    sha1sum: str


@dataclass(frozen=True)
class BackupFacts:
    """The facts about one snapshot.

    Attributes
    ----------
    vendor
        The kind of database, ``sqlite`` or ``postgresql``.
    sums
        The sha1sums of the other files of the snapshot, by name.
    lacking
        Held files whose bytes were damaged or gone in the store, and are in no earlier backup.
    """

    made_at: str
    observatory: str
    server_string: str
    version: str
    vendor: str
    files: int
    size: int
    sums: dict[str, str] = field(default_factory=dict)
    lacking: list[str] = field(default_factory=list)


def file_path(backup: Path, observatory: str, name: str) -> Path:
    """Return the path of a file's bytes in a backup."""
    if not is_file_name(name):
        raise BadBackupError(f"The manifest names {name[:128]!r}, which is not a file name.")
    return backup / "files" / ("mappings" if is_mapping(name) else "references") / observatory / name


def snapshots(backup: Path) -> list[Path]:
    """Return the complete snapshots of a backup, oldest first."""
    folder = backup / "snapshots"
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if (path / FACTS).is_file())


def require_snapshot(backup: Path, name: str = "") -> Path:
    """Return a snapshot by its name; the newest one if no name is given.

    Raises
    ------
    BadBackupError
        Raised if there is none; the message names those that exist.
    """
    found = snapshots(backup)
    chosen = [path for path in found if name in ("", path.name)]
    if not chosen:
        there = ", ".join(path.name for path in found) or "none"
        raise BadBackupError(f"{backup} has no snapshot {name or 'at all'}; complete ones: {there}.")
    return chosen[-1]


def write_facts(snapshot: Path, facts: BackupFacts) -> None:
    """Write the facts, which makes a snapshot complete."""
    write_atomically(snapshot / FACTS, (json.dumps(asdict(facts), indent=1) + "\n").encode(), mode=PRIVATE)


def read_facts(snapshot: Path) -> BackupFacts:
    """Return the facts of a snapshot after comparing the sums of its files.

    Raises
    ------
    BadBackupError
        Raised if they cannot be read, or if a file has another sum.
    """
    try:
        facts = BackupFacts(**json.loads((snapshot / FACTS).read_text("utf-8")))
    except (OSError, ValueError, TypeError) as exc:
        raise BadBackupError(f"{snapshot / FACTS} cannot be read: {exc}") from exc
    for name, expected in facts.sums.items():
        found = sha1sum(snapshot / name)
        if found != expected:
            raise BadBackupError(f"{snapshot / name} has sha1sum {found}; {expected} was expected.")
    return facts


def write_manifest(snapshot: Path, files: Iterable[HeldFile]) -> None:
    """Write the list of held files in the form of ``sha1sum``, with the size between."""
    lines = "".join(f"{file.sha1sum} {file.size} {file.name}\n" for file in sorted(files))
    write_atomically(snapshot / MANIFEST, lines.encode())


def read_manifest(snapshot: Path) -> Iterator[HeldFile]:
    """Yield the files of a manifest."""
    with (snapshot / MANIFEST).open(encoding="utf-8") as lines:
        for line in lines:
            digest, size, name = line.rstrip("\n").split(" ", 2)
            yield HeldFile(name, int(size), digest)


def sha1sum(path: Path) -> str:
    """Return the sha1sum of a file, or ``nothing`` if it is gone."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, lambda: hashlib.sha1(usedforsecurity=False)).hexdigest()
    except FileNotFoundError:
        return "nothing"
