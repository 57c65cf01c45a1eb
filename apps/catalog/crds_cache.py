"""A reader of CRDS caches that a client made: their folders, and the files in their server_config."""

import ast
import base64
import binascii
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from apps.catalog.errors import BadCacheError
from apps.rules.naming.file_names import is_file_name

MAX_CONFIG = 64 << 20  # bytes of a server_config; the largest seen has 2 MB
MAX_METADATA = 256 << 20  # bytes of its download_metadata, unpacked


@dataclass(frozen=True, slots=True)
class FileFacts:
    """The size and sha1sum of a file in a catalog; None and empty where the catalog does not say."""

    size: int | None = None
    sha1sum: str = ""


@dataclass(frozen=True)
class CacheCatalog:
    """The catalog of the server from which a cache was filled.

    Attributes
    ----------
    files
        Every catalogued file by name.
    bad
        Names of files that clients must refuse.
    as_of
        The time at which the server wrote this catalog, aware UTC.
    complaints
        File name and reason for each entry that cannot be used.
    config
        The whole of server_config, for readers of its other parts; empty if there was none.
    """

    files: dict[str, FileFacts]
    bad: frozenset[str]
    as_of: datetime | None
    complaints: tuple[tuple[str, str], ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)


def load_catalog(root: Path, *, observatory: str) -> CacheCatalog:
    """Return the catalog of the cache at `root`; an empty one if the cache has no server_config.

    Raises
    ------
    BadCacheError
        Raised if `root` is not a cache of this observatory, or its server_config cannot be read.
    """
    if not (root / "mappings" / observatory).is_dir() and not (root / "config" / observatory).is_dir():
        raise BadCacheError(
            f"{root} is not a CRDS cache of {observatory}: "
            f"it has neither mappings/{observatory} nor config/{observatory}."
        )
    path = root / "config" / observatory / "server_config"
    if not path.exists():
        return CacheCatalog(files={}, bad=frozenset(), as_of=None)
    config = _load_literal(path)
    if config.get("observatory", observatory) != observatory:
        raise BadCacheError(f"{path} is of observatory {config['observatory']!r}, not {observatory!r}.")
    return read_catalog(config)


def _load_literal(path: Path) -> dict[str, Any]:
    """Read a server_config as a Python literal; nothing in it is run."""
    try:
        if (size := path.stat().st_size) > MAX_CONFIG:
            raise BadCacheError(f"{path} has {size} bytes; at most {MAX_CONFIG} are read.")
        config = ast.literal_eval(path.read_text(encoding="utf-8"))
    except (
        OSError,
        UnicodeDecodeError,
        SyntaxError,
        ValueError,
        TypeError,
        MemoryError,
        RecursionError,
    ) as exc:
        raise BadCacheError(f"{path} cannot be read as a Python literal: {exc}.") from exc
    if not isinstance(config, dict) or not all(isinstance(key, str) for key in config):
        raise BadCacheError(f"{path} is not a dictionary with text keys.")
    return config


def read_catalog(config: Mapping[str, Any]) -> CacheCatalog:
    """Return the catalog of files in a server_config.

    Raises
    ------
    BadCacheError
        Raised if a part of it has another shape than servers write.
    """
    complaints: list[tuple[str, str]] = []
    files: dict[str, FileFacts] = {name: FileFacts() for name in _names(config, "mappings", complaints)}
    for name, entry in _metadata(config.get("download_metadata", {})).items():
        facts = _facts(entry)
        if not is_file_name(name):
            complaints.append((name[:128], "server_config lists it, but it is not a file name."))
        elif facts is None:
            complaints.append(
                (name, f"server_config says {str(entry)[:200]} about it, without size and sha1sum.")
            )
        else:
            files[name] = facts
    return CacheCatalog(
        files=files,
        bad=frozenset(_names(config, "bad_files_list", complaints)),
        as_of=_first_moment(config, "last_synced", "last_refreshed", "updated"),
        complaints=tuple(complaints),
        config=config,
    )


def _names(config: Mapping[str, Any], key: str, complaints: list[tuple[str, str]]) -> list[str]:
    """Return the file names under a key, and note entries that are not file names."""
    listed = config.get(key, [])
    if not isinstance(listed, list | tuple):
        raise BadCacheError(f"{key} of server_config is a {type(listed).__name__}, not a list of names.")
    for name in listed:
        if not (isinstance(name, str) and is_file_name(name)):
            complaints.append(
                (str(name)[:128], f"{key} of server_config lists it, but it is not a file name.")
            )
    return [name for name in listed if isinstance(name, str) and is_file_name(name)]


def _metadata(value: object) -> dict[str, object]:
    """Return download_metadata, which may be packed (wire protocol, section 1.4)."""
    if isinstance(value, dict) and "crds_encoded" in value:
        value = _unpack(value.get("crds_payload"))
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise BadCacheError("download_metadata of server_config is not an object by file name.")
    return value


def _unpack(payload: object) -> object:
    if not isinstance(payload, str):
        raise BadCacheError("download_metadata of server_config has no text as crds_payload.")
    try:
        packed = base64.b64decode(payload, validate=True)
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as stream:
            text = stream.read(MAX_METADATA + 1)
        if len(text) > MAX_METADATA:
            raise BadCacheError(
                f"download_metadata of server_config unpacks to more than {MAX_METADATA} bytes."
            )
        return json.loads(text)
    except (binascii.Error, OSError, EOFError, zlib.error, ValueError, RecursionError) as exc:
        raise BadCacheError(f"download_metadata of server_config is damaged: {exc}.") from exc


def _facts(entry: object) -> FileFacts | None:
    """Return size and sha1sum of one entry, or None if it does not have both."""
    if not isinstance(entry, dict):
        return None
    size, sha1sum = str(entry.get("size")), str(entry.get("sha1sum")).lower()
    if not re.fullmatch(r"[0-9]{1,18}", size) or not re.fullmatch(r"[0-9a-f]{40}", sha1sum):
        return None
    return FileFacts(int(size), sha1sum)


def _first_moment(config: Mapping[str, Any], *keys: str) -> datetime | None:
    for key in keys:
        moment = read_moment(config.get(key))
        if moment is not None:
            return moment
    return None


def read_moment(value: object) -> datetime | None:
    """Return a date of a server as aware UTC, or None if it is not a date; one without an offset is UTC.

    Examples
    --------
    >>> read_moment("2019-09-09 16:09:51") == read_moment("2019-09-09T18:09:51+02:00")
    True
    """
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def present_files(root: Path, *, observatory: str) -> Iterator[Path]:
    """Yield the files of a cache, mappings first; references may lie flat or in folders of instruments."""
    yield from _files(root / "mappings" / observatory)
    references = root / "references" / observatory
    yield from _files(references)
    if references.is_dir():
        for folder in sorted(path for path in references.iterdir() if path.is_dir()):
            yield from _files(folder)


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not path.is_dir() and not path.name.startswith("."))
