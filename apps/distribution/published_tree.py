"""A static copy of all that clients read, for any web server or bucket that knows nothing of us.

::

    <folder>/references/<observatory>/<name>
    <folder>/mappings/<observatory>/<name>
    <folder>/config/<observatory>/crds_db.sqlite3          catalogue and history of contexts
    <folder>/config/<observatory>/bad_files.txt
    <folder>/config/<observatory>/server_config            written last: it names only what is there
    <folder>/config/<observatory>/manifest                 sha1sum, size and path of each file
    <folder>/config/<observatory>/manifest.sig             its signature (Ed25519, base64)
    <folder>/config/<observatory>/manifest.pub             our public key

A client uses it through CRDS_CONFIG_URI, CRDS_MAPPING_URI and CRDS_REFERENCE_URI.
"""

import ast
import base64
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from apps.catalog import checksums, storage
from apps.catalog.errors import DamagedFileError, NotHeldError
from apps.catalog.models import File
from apps.catalog.reading import checked_path
from apps.catalog.states import FileKind, FileState
from apps.core.files import link_or_copy, sync_folder, write_atomically, write_once
from apps.distribution import server_info, snapshot

READABLE = 0o644


@dataclass
class PublishedTree:
    """The counts of one publication."""

    files: int = 0
    new: int = 0
    refused: int = 0


def publish(
    folder: Path,
    *,
    url: str = "",
    complain: Callable[[str], object],
    step: Callable[[], object] = lambda: None,
) -> PublishedTree:
    """Write or renew the tree. A reader at any moment finds a description whose files are all there.

    Parameters
    ----------
    folder
        On the disk of the store the files are links and take no space.
    url
        The address under which the folder will be served; it becomes the address of files in the
        description. Empty: the addresses of this server stay.
    complain
        Is called with a sentence for each file that is damaged in the store; it is left out.
    """
    # The description is made first. What it names is in the catalogue, and so in the store.
    config = ast.literal_eval(server_info.server_config().decode())
    done, lines = PublishedTree(), []
    for kind in (FileKind.REFERENCE, FileKind.MAPPING):
        target = _folder(folder, server_info.FOLDERS[kind])
        for file in _official(kind).iterator(chunk_size=2000):
            line = _place(file, target, done, complain)
            if line:
                lines.append(line)
            step()
        sync_folder(target)
    _write_config(folder, config, url.rstrip("/"), lines)
    return done


def _official(kind: FileKind) -> Any:
    held = File.objects.filter(kind=kind, held_at__isnull=False)
    return held.exclude(state=FileState.UPLOADED).order_by("name")


def _folder(root: Path, name: str) -> Path:
    target = root / name / settings.OBSERVATORY
    target.mkdir(parents=True, exist_ok=True)
    return target


def _place(file: File, folder: Path, done: PublishedTree, complain: Callable[[str], object]) -> str:
    """Put one file into the tree, and return its line of the manifest; empty if it is damaged."""
    target = folder / file.name
    if not (target.exists() and target.stat().st_size == file.size):
        try:
            source = checked_path(file)
        except (DamagedFileError, NotHeldError) as exc:
            done.refused += 1
            complain(str(exc))
            return ""
        with checksums.keeping([source]):
            link_or_copy(source, target)
        storage.let_go(file.name)
        done.new += 1
    done.files += 1
    return f"{file.sha1sum} {file.size} {folder.parent.name}/{settings.OBSERVATORY}/{file.name}\n"


def _write_config(root: Path, config: dict[str, Any], url: str, lines: list[str]) -> None:
    target = _folder(root, "config")
    with tempfile.TemporaryDirectory(prefix="tree-", dir=settings.DATA_ROOT) as folder:
        database = Path(folder) / "database"
        snapshot.build(database)
        write_atomically(target / "crds_db.sqlite3", database.read_bytes(), mode=READABLE)
    write_atomically(target / "bad_files.txt", server_info.bad_files(), mode=READABLE)
    write_once(target / "ref_cache_subdir_mode", b"flat\n", mode=READABLE)
    manifest = "".join(lines).encode()
    write_atomically(target / "manifest", manifest, mode=READABLE)
    key = _key()
    write_atomically(target / "manifest.sig", base64.b64encode(key.sign(manifest)) + b"\n", mode=READABLE)
    public = key.public_key().public_bytes_raw()
    write_atomically(target / "manifest.pub", base64.b64encode(public) + b"\n", mode=READABLE)
    if url:
        for word, folder_name in (("mapping", "mappings"), ("reference", "references"), ("config", "config")):
            config[f"{word}_url"] = {settings.OBSERVATORY: f"{url}/{folder_name}/{settings.OBSERVATORY}/"}
    write_atomically(target / "server_config", server_info.as_literal(config), mode=READABLE)


def _key() -> Ed25519PrivateKey:
    """Return the key of this server for signatures, which is made once below the data root."""
    path = settings.DATA_ROOT / "manifest_key"
    made = Ed25519PrivateKey.generate().private_bytes_raw()
    write_once(path, base64.b64encode(made))
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(path.read_bytes()))
