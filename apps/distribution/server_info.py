"""The description of this server, which every client reads first and obeys.

Source: wire protocol, section 3.
"""

import json
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from apps.catalog import queries as catalog
from apps.catalog import storage
from apps.catalog.models import File
from apps.catalog.states import FileKind
from apps.contexts import queries as contexts
from apps.contexts.models import Pointer
from apps.core.addresses import absolute
from apps.distribution import derived_data
from apps.distribution.client_package.queries import keep_definition, published_definition
from apps.distribution.metadata_blocks import packed_metadata
from apps.distribution.wire_format import encoded, timestamp

# The CRDS release whose protocol this server speaks; clients show it as the version of the server.
PROTOCOL_VERSION = "14.0.3"
FOLDERS = {FileKind.MAPPING: "mappings", FileKind.REFERENCE: "references"}


def server_info() -> bytes:
    """Return the current description as a JSON object."""
    return b"%b, %b}" % (
        derived_data.current("server_info", _make_json)[:-1],
        f'"last_synced": "{timestamp(timezone.now())}"'.encode(),
    )


def server_config() -> bytes:
    """Return the description as a Python literal, the form that clients keep in their cache."""
    return b"%b,\n %b}\n" % (
        derived_data.current("server_config", _make_literal)[:-1],
        f"'last_synced': '{timestamp(timezone.now())}'".encode(),
    )


def bad_files() -> bytes:
    """Return the names of bad files, one a line, the form that clients keep in their cache."""
    return _lines(catalog.bad_file_names())


def folder_url(folder: str) -> str:
    """Return the address to which a client appends a file name."""
    return absolute(reverse("distribution:folder", args=[folder, settings.OBSERVATORY]))


def file_url(file: File) -> str:
    """Return the address of a file's bytes."""
    return folder_url(FOLDERS[FileKind(file.kind)]) + quote(file.name)


def _make_json() -> bytes:
    info = _describe()
    _publish_in_store(info)
    return json.dumps(info).encode()


def _publish_in_store(info: dict[str, Any]) -> None:
    """Write the files that a client needs to use the store as its read-only cache."""
    literal = as_literal({**info, "last_synced": info["last_refreshed"]})
    storage.keep_config("server_config", literal)
    storage.keep_config("bad_files.txt", _lines(info["bad_files_list"]))
    keep_definition()


def _lines(names: list[str]) -> bytes:
    return "".join(f"{name}\n" for name in names).encode()


def _make_literal() -> bytes:
    return as_literal(json.loads(derived_data.current("server_info", _make_json)))


def as_literal(info: dict[str, Any]) -> bytes:
    """Return a Python literal with one key a line; `pprint` takes seconds for the long values."""
    lines = (f"{key!r}: {value!r}" for key, value in sorted(info.items()))
    return ("{" + ",\n ".join(lines) + "}").encode()


def _describe() -> dict[str, Any]:
    """Return the description without `last_synced`, the moment of each call."""
    # Read the pointers first. If a context is delivered meanwhile, the metadata then hold its files before a
    # pointer names it.
    pointers, history = _pointers(), _history()
    now = timestamp(timezone.now())
    return {
        "observatory": settings.OBSERVATORY,
        **pointers,
        **_addresses(),
        "mappings": catalog.names_matching(FileKind.MAPPING, "*"),
        "bad_files_list": catalog.bad_file_names(),
        "context_history": history,
        "download_metadata": encoded(packed_metadata()),
        "force_remote_mode": 0,
        "max_headers_per_rpc": settings.MAX_HEADERS_PER_RPC,
        "max_bestrefs_per_rpc": settings.MAX_BESTREFS_PER_RPC,
        "crds_version": {"str": PROTOCOL_VERSION},
        "server": settings.PUBLIC_URL,
        "status": "server",
        "connected": True,
        "last_refreshed": now,
        "updated": now,
        **_definition(),
    }


def _definition() -> dict[str, str]:
    """Return which definition the client package works with; nothing if clients know the observatory."""
    definition = published_definition()
    return {"definition_sha1sum": definition.sha1sum} if definition else {}


def _pointers() -> dict[str, str]:
    """Return the contexts of the pointers by their names on the wire; a pointer that never moved is empty."""
    latest, edit, versions, build = (contexts.find_pointed(pointer) or "" for pointer in _POINTERS)
    return {
        # The client also reads the old name, even where it prefers the new one.
        "operational_context": latest,
        "latest_context": latest,
        "edit_context": edit,
        "versions_context": versions,
        "build_context": build or latest,
    }


_POINTERS = (Pointer.LATEST, Pointer.EDIT, Pointer.VERSIONS, Pointer.BUILD)


def _addresses() -> dict[str, dict[str, str]]:
    folders = {"mapping": "mappings", "reference": "references", "config": "config", "pickle": "pickles"}
    return {f"{word}_url": {settings.OBSERVATORY: folder_url(folder)} for word, folder in folders.items()}


def _history() -> list[list[str]]:
    """Return start, context and reason of each period of the latest context, newest first."""
    eras = contexts.history().values_list("started_at", "context", "reason")
    return [[timestamp(started_at), context, reason] for started_at, context, reason in eras]
