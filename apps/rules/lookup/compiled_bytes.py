"""Compiled mappings as bytes, which load many times faster than the text.

The bytes hold plain values and no code. They can be made again from the text at any time, so anything odd
about them is a reason to refuse them.
"""

from __future__ import annotations

import hashlib
import marshal
import sys
from typing import Any

from apps.rules.errors import ArtifactError
from apps.rules.lookup.bounded_cache import interned
from apps.rules.lookup.compiled_mapping import CompiledMapping
from apps.rules.lookup.compiled_selectors import SEVERAL, Selector, shared_selector

# Raise it whenever the meaning of a compiled selector changes.
ENGINE_VERSION = "1"

# The format of `marshal` belongs to the Python that writes it.
_MAGIC = f"CRDS rules {ENGINE_VERSION} py{sys.version_info.major}.{sys.version_info.minor}\n".encode()
_DIGEST_SIZE = 32


def dump(mapping: CompiledMapping) -> bytes:
    """Return the mapping as bytes.

    Raises
    ------
    ArtifactError
        Raised if its header holds anything but plain values.
    """
    fields: Any = (
        mapping.name,
        mapping.kind,
        mapping.observatory,
        mapping.header,
        mapping.selections,
        mapping.selector,
    )
    try:
        body = marshal.dumps(fields)
    except ValueError as exc:
        raise ArtifactError(f"{mapping.name} cannot be stored: {exc}") from exc
    return _MAGIC + hashlib.sha256(body).digest() + body


def load(data: bytes) -> CompiledMapping:
    """Return the mapping that `dump` made into `data`.

    Raises
    ------
    ArtifactError
        Raised if `data` is damaged, or was not made by `dump` of this engine and Python version.
    """
    start = len(_MAGIC) + _DIGEST_SIZE
    if not data.startswith(_MAGIC):
        raise ArtifactError("Not the compiled rules of this engine.")
    body = memoryview(data)[start:]
    if hashlib.sha256(body).digest() != data[len(_MAGIC) : start]:
        raise ArtifactError("Compiled rules are damaged.")
    try:
        name, kind, observatory, header, selections, selector = marshal.loads(body)  # noqa: S302 (checked above)
        return CompiledMapping(
            name, kind, observatory, interned(header), selections, _shared_selector(selector)
        )
    except (ValueError, TypeError, EOFError, IndexError) as exc:
        raise ArtifactError(f"Compiled rules make no sense: {exc}") from exc


def _shared_selector(selector: Any) -> Selector | None:
    """Return an equal selector that shares its parts with those loaded before."""
    if selector is None:
        return None
    kind, parkeys, keys, choices = selector
    if kind == SEVERAL or all(type(choice) is str for choice in choices):
        return shared_selector(selector)
    nested = tuple(choice if type(choice) is str else _shared_selector(choice) for choice in choices)
    return shared_selector((kind, parkeys, keys, nested))
