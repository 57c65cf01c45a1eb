"""The compiler of mappings, from the text of a file to a compiled mapping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.rules.errors import ChecksumError, MappingError
from apps.rules.lookup.bounded_cache import interned
from apps.rules.lookup.compiled_mapping import CompiledMapping
from apps.rules.lookup.compiled_selectors import Selector, compile_selector
from apps.rules.lookup.reftype import Conditions, find_hook, required_parkeys, substitutions_of
from apps.rules.observatories import Observatory
from apps.rules.text.checksum import text_checksum
from apps.rules.text.header_fields import text_field
from apps.rules.text.parser import ParsedMapping, RawSelector, parse_mapping

__all__ = ["CompiledMapping", "compile_mapping"]

# Kind to the header fields it must have. Source: ``required_attrs`` in the client.
REQUIRED_FIELDS: Mapping[str, tuple[str, ...]] = {
    "pmap": ("mapping", "parkey", "name", "derived_from", "observatory"),
    "imap": ("mapping", "parkey", "name", "derived_from", "observatory", "instrument"),
    "rmap": ("mapping", "parkey", "name", "derived_from", "observatory", "instrument", "filekind"),
}
KINDS: Mapping[str, str] = {"pipeline": "pmap", "instrument": "imap", "reference": "rmap"}

# Errors that a malformed header or selector may raise while it is read as if it were well-formed.
_MALFORMED = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    SyntaxError,
    RecursionError,
)


def compile_mapping(
    text: str, *, name: str, observatory: Observatory, verify_checksum: bool = True
) -> CompiledMapping:
    """Compile the mapping that `text` describes.

    Parameters
    ----------
    text
        Whole text of the file, decoded.
    name
        Name of the file without directory; its ending gives the kind.
    observatory
        The observatory of the mapping.
    verify_checksum
        Whether the sha1sum in the header must match the text.

    Raises
    ------
    MappingError
        Raised if the text is not a mapping of this observatory; the message names the mapping and the
        culprit.
    ChecksumError
        Raised if the sha1sum in the header is missing or wrong, and `verify_checksum` is true.

    Notes
    -----
    Source: ``Mapping.from_string`` in ``crds.core.rmap``.
    """
    # The client opens mappings as text, so the line ends of other systems count as a line feed.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    parsed = parse_mapping(text, name)
    try:
        mapping = _compile(parsed, name, observatory)
        checksum = text_field(parsed.header, "sha1sum", "")
    except _MALFORMED as exc:
        reason = f"header field {exc}" if isinstance(exc, KeyError) else str(exc)
        raise MappingError(f"{name}: {reason}") from exc
    if verify_checksum and checksum != text_checksum(text):
        problem = "mismatch" if checksum else "is missing"
        raise ChecksumError(f"sha1sum {problem} in {name!r}")
    return mapping


def _compile(parsed: ParsedMapping, name: str, observatory: Observatory) -> CompiledMapping:
    kind = _kind(parsed.header, name)
    for field in REQUIRED_FIELDS[kind]:
        if field not in parsed.header:
            raise MappingError(f"{name}: required header key {field!r} is missing.")
    stated = text_field(parsed.header, "observatory", "")
    if stated != observatory.name:
        raise MappingError(f"{name}: is a mapping of {stated!r} and not of {observatory.name!r}.")
    if not isinstance(parsed.header["parkey"], tuple | list):
        raise MappingError(f"{name}: header field 'parkey' must be a tuple.")
    header = interned(parsed.header)
    if kind == "rmap":
        selector = _reference_selector(parsed, name, observatory)
        return CompiledMapping(name, kind, observatory.name, header, selector=selector)
    return CompiledMapping(name, kind, observatory.name, header, selections=_selections(parsed, name))


def _kind(header: Mapping[str, Any], name: str) -> str:
    """Return the kind that the ending of the name gives; if it gives none, the one in the header."""
    ending = name.rpartition(".")[2]
    kind = ending if ending in REQUIRED_FIELDS else KINDS.get(text_field(header, "mapping", ""))
    if kind is None:
        raise MappingError(f"{name}: is not a pmap, imap or rmap.")
    return kind


def _selections(parsed: ParsedMapping, name: str) -> tuple[tuple[str, str], ...]:
    if not isinstance(parsed.selector, dict):
        raise MappingError(f"{name}: the selector of a context mapping must be a dictionary.")
    for key, value in parsed.selector.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise MappingError(f"{name}: {key!r} : {value!r} is not the name of a mapping.")
    # If a key occurs in two spellings of case, the later value takes the place of the earlier one.
    rows = {key.lower(): value for key, value in parsed.selector.items()}
    return tuple((interned(key), interned(value)) for key, value in rows.items())


def _reference_selector(parsed: ParsedMapping, name: str, observatory: Observatory) -> Selector:
    if not isinstance(parsed.selector, RawSelector):
        raise MappingError(f"{name}: the selector of a reference mapping must be a selector.")
    # The rules compile the conditions at first use. Compile them here as well, to find errors now.
    Conditions.of(parsed.header, required_parkeys(parsed.header, observatory))
    find_hook(parsed.header, "precondition_header", "", "", observatory)
    substitutions = substitutions_of(parsed.header, observatory)
    return compile_selector(parsed.selector, parsed.header["parkey"], substitutions)
