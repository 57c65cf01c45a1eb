"""The cache of finished looks.

::

    looks/<first two digits>/<sha1sum>/look.json, part1-linear.webp, ...

If machines share no folder but a bucket, finished looks are there too, as ``looks/<sha1sum>/...``, and this
folder is a copy that each machine makes. A folder appears under its name only when it is complete. When the
looks take too much space, those are removed first that nobody has asked for the longest time. The folder of a
machine and the bucket have a limit each: a copy that one machine removes stays in the bucket for the others.
"""

import contextlib
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from apps.certify.quick_looks.errors import BadLookError
from apps.certify.quick_looks.values import LOOK_FILE, QuickLook, is_picture_file, loads
from apps.core import bucket
from apps.core.bucket import StoredObject
from apps.core.files import sync_file, sync_folder

ABANDONED = 3600  # seconds after which nobody is still making an unfinished look
_UNFINISHED = ".unfinished"
_USED_AGAIN = 24 * 3600  # seconds after which another use is noted
COMPARISON_FILE = "comparison.json"
_FOLDER = "looks"  # in the bucket
_USED = "used"  # An empty object beside a look in the bucket; its time is that of the last use.
_SHA1SUM = re.compile(r"[0-9a-f]{40}")


def root() -> Path:
    """Return the folder of all looks."""
    return Path(settings.DATA_ROOT / "looks")


def folder_of(sha1sum: str) -> Path:
    """Return the folder of the look at bytes, whether or not it exists.

    Raises
    ------
    ValueError
        Raised if the text is not a sha1sum.
    """
    if not _SHA1SUM.fullmatch(sha1sum):
        raise ValueError(f"{sha1sum!r} is not a sha1sum of 40 lower-case hex digits")
    return root() / sha1sum[:2] / sha1sum


def find(sha1sum: str) -> QuickLook | None:
    """Return the look at bytes, or None if there is none in the present format."""
    folder = folder_of(sha1sum)
    try:
        bring(sha1sum)
        changed = (folder / LOOK_FILE).stat().st_mtime_ns
        look = _read(folder / LOOK_FILE, changed)
    except (OSError, BadLookError, bucket.BucketError):
        return None
    _note_use(folder)
    return look


def bring(sha1sum: str, last: str = LOOK_FILE) -> None:
    """Copy a look that is only in the bucket to its folder; the file `last` says that it is complete."""
    folder = folder_of(sha1sum)
    if bucket.is_used() and not folder.is_dir() and bucket.find(f"{_key(sha1sum)}/{last}"):
        shared = list(bucket.listed(_key(sha1sum)))
        with workshop() as made:
            for each in shared:
                bucket.download(each.key, made / Path(each.key).name)
            (made / _USED).unlink(missing_ok=True)
            if (made / last).exists():  # If not, another machine removes the look just now.
                _publish_here(made, sha1sum)
                _note_shared_use(sha1sum, _used_at(shared).timestamp())


def _share(made: Path, sha1sum: str) -> None:
    """Put a look into the bucket, if there is one; the file that says that it is complete comes last."""
    if bucket.is_used():
        for path in sorted(made.iterdir(), key=lambda path: path.suffix == ".json"):
            bucket.write(f"{_key(sha1sum)}/{path.name}", path.read_bytes())


def _key(sha1sum: str) -> str:
    return f"{_FOLDER}/{sha1sum}"


@lru_cache(maxsize=16)
def _read(path: Path, _changed: int) -> QuickLook:
    return loads(path.read_bytes())


def _note_use(folder: Path) -> None:
    with contextlib.suppress(OSError, bucket.BucketError):
        used_at = folder.stat().st_mtime
        if used_at < time.time() - _USED_AGAIN:
            os.utime(folder)
            _note_shared_use(folder.name, used_at)


def _note_shared_use(sha1sum: str, used_at: float) -> None:
    """Renew the time at which a look in the bucket was last used, if that was a day ago."""
    if bucket.is_used() and used_at < time.time() - _USED_AGAIN:
        bucket.write(f"{_key(sha1sum)}/{_USED}", b"")


def find_file(sha1sum: str, name: str) -> Path | None:
    """Return the path of a picture, or of the look itself; None if there is no such file."""
    if not _SHA1SUM.fullmatch(sha1sum) or not (is_picture_file(name) or name == LOOK_FILE):
        return None
    # Another machine may have made it. A comparison of pictures ends with another file than a look.
    for last in (LOOK_FILE, COMPARISON_FILE):
        bring(sha1sum, last)
    path = folder_of(sha1sum) / name
    return path if path.is_file() else None


@contextlib.contextmanager
def workshop() -> Iterator[Path]:
    """Yield an empty folder for a new look, on the disk of the looks; it is removed at the end."""
    place = root() / _UNFINISHED
    place.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=place))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(made: Path, sha1sum: str) -> None:
    """Move a complete look from `made` to its name, in place of an older one."""
    _share(made, sha1sum)
    _publish_here(made, sha1sum)


def _publish_here(made: Path, sha1sum: str) -> None:
    target = folder_of(sha1sum)
    target.parent.mkdir(parents=True, exist_ok=True)
    _sync(made)
    made.chmod(0o755)  # Only its maker can read a temporary folder; another account may serve the pictures.
    _move_away(target)
    try:
        made.rename(target)
    except OSError:
        # If another worker was faster, it made the look from the same bytes.
        if not target.is_dir():
            raise
    sync_folder(target.parent)


def remove(sha1sum: str) -> None:
    """Remove a look."""
    _remove_shared(sha1sum)
    _move_away(folder_of(sha1sum))


def _remove_shared(sha1sum: str) -> None:
    """Remove a look from the bucket; first the file that says that it is complete."""
    if bucket.is_used():
        for last in (LOOK_FILE, COMPARISON_FILE):
            bucket.delete(f"{_key(sha1sum)}/{last}")
        for each in list(bucket.listed(_key(sha1sum))):
            bucket.delete(each.key)


def _sync(folder: Path) -> None:
    for path in folder.iterdir():
        sync_file(path)
    sync_folder(folder)


def _move_away(folder: Path) -> None:
    """Remove a folder in such a way that nobody sees half of it."""
    aside = root() / _UNFINISHED / secrets.token_hex(8)
    aside.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        folder.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)


def trim(most: int) -> int:
    """Remove the looks that nobody has asked for the longest time, down to `most` bytes; return how many.

    This is done in the folder of this machine and, if there is one, in the bucket. Looks that a killed worker
    left unfinished are removed, too.
    """
    _remove_abandoned()
    return _trim_folder(most) + (_trim_bucket(most) if bucket.is_used() else 0)


def _trim_folder(most: int) -> int:
    kept = sorted(((path.stat().st_mtime, path) for path in root().glob("??/*")), reverse=True)
    total, removed = 0, 0
    for _used, folder in kept:
        total += sum(path.stat().st_size for path in folder.iterdir())
        if total > most:
            _move_away(folder)
            removed += 1
    return removed


def _trim_bucket(most: int) -> int:
    looks: dict[str, list[StoredObject]] = {}
    for each in bucket.listed(_FOLDER):
        looks.setdefault(Path(each.key).parent.name, []).append(each)
    total, removed = 0, 0
    for sha1sum in sorted(looks, key=lambda sha1sum: _used_at(looks[sha1sum]), reverse=True):
        total += sum(each.size for each in looks[sha1sum])
        if total > most:
            _remove_shared(sha1sum)
            removed += 1
    return removed


def _used_at(look: Iterable[StoredObject]) -> datetime:
    return max(each.changed_at for each in look)


def _remove_abandoned() -> None:
    oldest = time.time() - ABANDONED
    for folder in (root() / _UNFINISHED).glob("*"):
        with contextlib.suppress(FileNotFoundError):
            if folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)
