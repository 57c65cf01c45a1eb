"""The file in the store that says which server the store belongs to."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings

from apps.catalog.identity.errors import ForeignDataError
from apps.core import bucket
from apps.core.files import write_atomically

NAME = "server.json"


@dataclass(frozen=True, slots=True)
class Identity:
    """A server, and the random key that its database and its store share."""

    observatory: str
    server_string: str
    key: str

    def __str__(self) -> str:
        return f"{self.observatory} ({self.server_string})"


def path() -> Path:
    """Return the path of the file, whether or not it exists."""
    return Path(settings.STORE_ROOT) / NAME


def load() -> bytes | None:
    """Return the bytes of the file, or None if there is none."""
    if bucket.is_used():
        return bucket.load(NAME)
    try:
        return path().read_bytes()
    except FileNotFoundError:
        return None


def replace(content: bytes) -> None:
    """Replace the file: a kill at any moment leaves the old one or the new one."""
    if bucket.is_used():
        bucket.write(NAME, content)
    else:
        write_atomically(path(), content, mode=0o644)


def read(at: Path | None = None) -> Identity | None:
    """Return the identity in the file, or None if there is no file.

    Parameters
    ----------
    at
        Another file of this form, such as that of a backup.

    Raises
    ------
    ForeignDataError
        Raised if the file cannot be read or has other contents.
    """
    try:
        content = at.read_bytes() if at else load()
        return None if content is None else Identity(**json.loads(content))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as exc:
        raise ForeignDataError(
            f"{at or path()} does not say which server the store belongs to ({exc}); restore it from a "
            "backup, or remove it and run: manage.py adopt_data"
        ) from exc


def write(identity: Identity) -> None:
    """Replace the identity in the file."""
    replace((json.dumps(asdict(identity), indent=1) + "\n").encode())
