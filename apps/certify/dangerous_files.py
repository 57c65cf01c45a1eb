"""Files that must not reach the library: it would run or unpack them, or never finish."""

from __future__ import annotations

from pathlib import Path, PurePath

from apps.certify.headers import LARGEST_TREE
from apps.certify.trees import UnreadableTreeError, require_small
from apps.rules.errors import MappingError
from apps.rules.naming.file_names import is_mapping
from apps.rules.text.parser import parse_mapping

# First bytes of a file, to the packer and the program that unpacks it.
_COMPRESSED = {
    b"\x1f\x8b": ("gzip", "gunzip"),
    b"BZh": ("bzip2", "bunzip2"),
    b"\xfd7zXZ\x00": ("xz", "unxz"),
    b"PK\x03\x04": ("zip", "unzip"),
    b"\x1f\x9d": ("compress", "uncompress"),
}
# Places of a tree that the library reads; the memory of its child is limited besides.
MOST_PLACES = 2_000_000
_TREES = (".asdf", ".yaml", ".yml")
_TREE_END = b"\n..."


def find_fault(path: str) -> str:
    """Return the reason why the library must not read a file; empty if it may."""
    name = PurePath(path).name
    if is_mapping(name):
        return _fault_of_mapping(path, name)
    with Path(path).open("rb") as stream:
        start = stream.read(LARGEST_TREE if name.endswith(_TREES) else 16)
    for magic, (packer, unpacker) in _COMPRESSED.items():
        # Readers of FITS unpack such a file silently, but programs that use the file later would not.
        if start.startswith(magic):
            return (
                f"The file is compressed by {packer}. Unpack it with {unpacker}, and upload what was in it."
            )
    return _fault_of_tree(start) if name.endswith(_TREES) else ""


def _fault_of_mapping(path: str, name: str) -> str:
    """Return the reason why our own reader refuses a mapping; empty if it does not.

    The library would run code that is in a mapping.
    """
    try:
        parse_mapping(Path(path).read_text(), name)
    except (MappingError, UnicodeDecodeError) as exc:
        return str(exc)
    return ""


def _fault_of_tree(text: bytes) -> str:
    import yaml

    end = text.find(_TREE_END)
    try:
        require_small(text if end < 0 else text[: end + 1], most_places=MOST_PLACES)
    except UnreadableTreeError as exc:
        return f"The tree cannot be read: {exc}."
    except (yaml.YAMLError, ValueError):
        return ""  # The library reports the error.
    return ""
