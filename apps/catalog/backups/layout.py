"""The folders and small files of a backup."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
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
MOMENT = "%Y-%m-%dT%H%M%S.%fZ"  # the name of a snapshot, in UTC
_SUM = re.compile(r"[0-9a-f]{40}")
_LINE = re.compile(rf"({_SUM.pattern}) ([0-9]{{1,18}}) ([^ ]+)")  # of a manifest


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


def unfinished(backup: Path) -> list[Path]:
    """Return the snapshots that a run has not completed, oldest first: it still works, or it was killed."""
    folder = backup / "snapshots"
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _is_moment(path.name) and not (path / FACTS).exists())


def _is_moment(name: str) -> bool:
    try:
        return bool(datetime.strptime(name, MOMENT).replace(tzinfo=UTC))
    except ValueError:
        return False


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
        Raised if they cannot be read, if they lack a sum, or if a file has another sum.
    """
    try:
        facts = BackupFacts(**json.loads((snapshot / FACTS).read_text("utf-8")))
    except (OSError, ValueError, TypeError, RecursionError) as exc:
        raise BadBackupError(f"{snapshot / FACTS} cannot be read: {exc}") from exc
    _require_sums(snapshot, facts.sums)
    for name, expected in facts.sums.items():
        found = sha1sum(snapshot / name)
        if found != expected:
            raise BadBackupError(f"{snapshot / name} has sha1sum {found}; {expected} was expected.")
    return facts


def _require_sums(snapshot: Path, sums: object) -> None:
    """Refuse sums that leave a part unchecked, or name a file elsewhere."""
    given = {name for name, text in sums.items() if _is_sum(text)} if isinstance(sums, dict) else set()
    if not {DATABASE, MANIFEST} <= given <= {DATABASE, MANIFEST, SERVER, SECRET}:
        raise BadBackupError(
            f"{snapshot / FACTS} must give the sha1sums of {DATABASE} and {MANIFEST}, and of {SERVER} and "
            f"{SECRET} if they are there; it gives {str(sums)[:300]}."
        )


def _is_sum(value: object) -> bool:
    return isinstance(value, str) and _SUM.fullmatch(value) is not None


def write_manifest(snapshot: Path, files: Iterable[HeldFile]) -> None:
    """Write the list of held files in the form of ``sha1sum``, with the size between."""
    lines = "".join(f"{file.sha1sum} {file.size} {file.name}\n" for file in sorted(files))
    write_atomically(snapshot / MANIFEST, lines.encode())


def read_manifest(snapshot: Path) -> Iterator[HeldFile]:
    """Yield the files of a manifest.

    Raises
    ------
    BadBackupError
        Raised at a line that is not a sum, a size and a file name.
    """
    # Bytes that are not UTF-8 become a sign that no file name has.
    with (snapshot / MANIFEST).open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            found = _LINE.fullmatch(line.rstrip("\n"))
            if found is None or not is_file_name(found[3]):
                raise BadBackupError(
                    f"Line {number} of {snapshot / MANIFEST} is not a sha1sum, a size and a file name: "
                    f"{line[:200]!r}."
                )
            yield HeldFile(found[3], int(found[2]), found[1])


def sha1sum(path: Path) -> str:
    """Return the sha1sum of a file, or ``nothing`` if it is gone."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, lambda: hashlib.sha1(usedforsecurity=False)).hexdigest()
    except FileNotFoundError:
        return "nothing"
