"""The definition that this package works with: the one it came with, or a newer one from the server.

A definition is a JSON document whose form `Document` describes. The server publishes it as the immutable file
``config/<observatory>/definition_<sha1sum>.json`` and names its sha1sum in `get_server_info`. When the client
updates its cache, `fetch` brings the document named there. Commands that start later use it.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypedDict

from .names import DISTRIBUTION, OBSERVATORY

FORMAT = 1  # A document of another format is for another version of this package.
LARGEST = 4 << 20  # bytes
PATIENCE = 60  # seconds
SHA1SUM = re.compile(r"[0-9a-f]{40}")


# The fields of a constraint: name, keytype, datatype, presence and values. `constraints` reads them.
Row = tuple[str, str, str, str, Sequence[str]]


class TypeFacts(TypedDict):
    """One reference type of one instrument."""

    text: str
    extension: str
    suffix: str
    row_keys: list[str]
    selectors: list[str]
    match: list[str]


class Document(TypedDict):
    """All that the client needs to know about an observatory."""

    format: int
    observatory: str
    title: str
    version: str
    server: str
    telescopes: list[str]
    calibration_software: str
    instrument_key: str
    reftype_key: str
    useafter_key: str
    useafter_keys: list[str]
    provenance: list[str]
    synonyms: dict[str, list[str]]
    patterns: dict[str, list[str]]
    recorded_as: dict[str, str]
    types: dict[str, dict[str, TypeFacts]]
    constraints: dict[str, list[Row]]


class DefinitionFile(NamedTuple):
    """A document and the sha1sum of its bytes."""

    sha1sum: str
    document: Document


class UnusableDefinitionError(ValueError):
    """A document that this package cannot work with."""


def read(content: bytes) -> DefinitionFile:
    """Return the definition in the bytes of a document.

    Raises
    ------
    UnusableDefinitionError
        Raised if the bytes are not a document, or one of another observatory or format.
    """
    try:
        document = json.loads(content)
        found = document["observatory"], document["format"]
    except (ValueError, KeyError, TypeError) as exc:
        raise UnusableDefinitionError(f"This is not a definition of an observatory: {exc}.") from exc
    if found[0] != OBSERVATORY:
        raise UnusableDefinitionError(f"The definition is that of {found[0]!r}, not of {OBSERVATORY!r}.")
    if found[1] != FORMAT:
        raise UnusableDefinitionError(
            f"The definition has format {found[1]!r}, and this package reads format {FORMAT}. "
            f"Update it with `pip install --upgrade {DISTRIBUTION}`."
        )
    return DefinitionFile(_sha1sum(content), document)


@lru_cache(maxsize=1)
def packaged() -> DefinitionFile:
    """Return the definition that this package came with."""
    path = os.path.join(os.path.dirname(__file__), "definition.json")
    with open(path, "rb") as stream:
        return read(stream.read())


@lru_cache(maxsize=1)
def in_use() -> DefinitionFile:
    """Return the definition that this process works with: the one in the cache if it is sound."""
    return _find_cached(_cached_sha1sum()) or packaged()


def fetch(info: Mapping[str, Any]) -> None:
    """Bring the definition that a server's description names into the cache, unless it is there.

    A failure is a warning: the client then works with the definition that it has.
    """
    from crds.core import log

    wanted = str(info.get("definition_sha1sum", ""))
    if not is_sha1sum(wanted) or wanted == packaged().sha1sum or _find_cached(wanted):
        return
    try:
        content = _download(info["config_url"][OBSERVATORY], wanted)
        version = read(content).document["version"]
        _write(wanted, content)
    except (OSError, ValueError, KeyError, TypeError) as exc:
        log.warning(f"The newest definition of {OBSERVATORY} could not be fetched: {exc}")
    else:
        # What is loaded already keeps the definition with which it was loaded.
        when = "The next command uses it." if f"crds.{OBSERVATORY}" in sys.modules else ""
        log.info(f"Fetched version {version} of the definition of {OBSERVATORY}. {when}")


def is_sha1sum(text: str) -> bool:
    """Return whether a text is a sha1sum, which may become part of a path."""
    return SHA1SUM.fullmatch(text) is not None


def _download(folder: str, sha1sum: str) -> bytes:
    address = f"{folder.rstrip('/')}/{_file_name(sha1sum)}"
    if not address.startswith(("https://", "http://")):
        raise UnusableDefinitionError(f"{address} is not an address of the web.")
    with urllib.request.urlopen(address, timeout=PATIENCE) as answer:  # noqa: S310 (the scheme was checked)
        content: bytes = answer.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise UnusableDefinitionError(f"{address} has more than {LARGEST} bytes.")
    if _sha1sum(content) != sha1sum:
        raise UnusableDefinitionError(f"{address} has sha1sum {_sha1sum(content)}.")
    return content


def _write(sha1sum: str, content: bytes) -> None:
    from crds.core import heavy_client

    heavy_client.cache_atomic_write(_path(sha1sum), content, "DEFINITION")


def _cached_sha1sum() -> str:
    """Return what the cached description of the server names, or nothing."""
    from crds.core import config

    try:
        with open(config.locate_config("server_config", OBSERVATORY), encoding="utf-8") as stream:
            info = ast.literal_eval(stream.read())
        return str(info.get("definition_sha1sum", ""))
    except (OSError, ValueError, SyntaxError, AttributeError, MemoryError, RecursionError):
        return ""


def _find_cached(sha1sum: str) -> DefinitionFile | None:
    if not is_sha1sum(sha1sum):
        return None
    try:
        with open(_path(sha1sum), "rb") as stream:
            found = read(stream.read())
    except (OSError, UnusableDefinitionError):
        return None
    return found if found.sha1sum == sha1sum else None


def _path(sha1sum: str) -> str:
    from crds.core import config

    return str(config.locate_config(_file_name(sha1sum), OBSERVATORY))


def _file_name(sha1sum: str) -> str:
    return f"definition_{sha1sum}.json"


def _sha1sum(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()  # noqa: S324 (the sums of the client are these)
