"""ASDF files: the tree, and the arrays that it names.

The tree is read as plain values with their tags; no extension builds objects from it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from apps.certify.headers import LARGEST_TREE
from apps.certify.quick_looks.array_summary import ArrayTaker
from apps.certify.quick_looks.arrays import Array, InMemory, OnDisk, Scaling
from apps.certify.quick_looks.asdf_blocks import Block, blocks, unpacked
from apps.certify.quick_looks.errors import UnreadableFileError
from apps.certify.quick_looks.limits import DEEPEST_NODE, FIRST_ITEMS, MOST_NODES, MOST_PARTS
from apps.certify.quick_looks.safe_text import shown
from apps.certify.quick_looks.values import FilePart, Node, QuickLook
from apps.certify.trees import UnreadableTreeError, require_small

START = b"#ASDF"
_TREE_END = b"\n..."
_ARRAY_TAG = "core/ndarray-"
_TYPES = {"bool8": "?", "complex64": "c8", "complex128": "c16"} | {
    f"{kind}{bits}": f"{kind[0]}{bits // 8}"
    for kind, sizes in (("int", (8, 16, 32, 64)), ("uint", (8, 16, 32, 64)), ("float", (16, 32, 64)))
    for bits in sizes
}
_MOST_AXES = 32
_LONGEST_KEY = 120  # characters


class BadArrayError(ValueError):
    """An array whose description in the tree is impossible."""


def look(path: Path, easel: ArrayTaker) -> QuickLook:
    """Return the look at an ASDF file.

    Raises
    ------
    UnreadableFileError
        Raised if its tree cannot be read.
    """
    tree, end = _read_tree(path)
    with path.open("rb") as stream:
        found = blocks(stream, end, path.stat().st_size)
    walk = _Walk(_Arrays(path, found, easel))
    nodes = tuple(walk.branch(tree.items(), "", 0))
    notes = (f"The tree is cut after {MOST_NODES} places.",) if walk.steps > MOST_NODES else ()
    return QuickLook(format="ASDF", parts=tuple(walk.parts), tree=nodes, notes=notes)


def _read_tree(path: Path) -> tuple[Mapping[Any, Any], int]:
    """Return the tree, and its end in the file in bytes."""
    from asdf.util import load_yaml

    with path.open("rb") as stream:
        head = stream.read(LARGEST_TREE)
        end = head.find(_TREE_END)
        if end < 0:
            raise UnreadableFileError(f"The ASDF tree does not end within {LARGEST_TREE} bytes.")
        stream.seek(0)
        try:
            require_small(head[:end])
            tree = load_yaml(stream, tagged=True)
        except UnreadableTreeError as exc:
            raise UnreadableFileError(f"Not ASDF that can be read: {exc}") from exc
        except MemoryError:
            raise
        except Exception as exc:  # The YAML and ASDF packages each have several base classes of errors.
            raise UnreadableFileError(f"Not ASDF that can be read: {shown(str(exc), 300)}") from exc
    if not isinstance(tree, Mapping):
        raise UnreadableFileError("The ASDF tree is not a mapping.")
    return tree, end + len(_TREE_END)


@dataclass
class _Walk:
    """A walk through a tree that counts its steps: one part may be at many places, even inside itself."""

    arrays: _Arrays
    steps: int = 0
    parts: list[FilePart] = field(default_factory=list)

    def branch(self, items: Any, path: str, depth: int) -> Iterator[Node]:
        for key, value in items:
            self.steps += 1
            if self.steps > MOST_NODES:
                return
            name = shown(str(key), _LONGEST_KEY)
            yield self._node(name, value, f"{path}.{name}" if path else name, depth)

    def _node(self, name: str, value: Any, path: str, depth: int) -> Node:
        tag = str(getattr(value, "_tag", ""))
        if _ARRAY_TAG in tag and len(self.parts) < MOST_PARTS:
            part = self.arrays.part(value, len(self.parts), path)
            self.parts.append(part)
            shape = " by ".join(map(str, part.shape)) or "scalar"
            return Node(name, f"array, {shape}, {part.dtype or part.type}", array=part.number)
        children: Any = ()
        if isinstance(value, Mapping):
            children = value.items()
        elif isinstance(value, list) and any(isinstance(each, Mapping | list) for each in value):
            children = enumerate(value)
        elif isinstance(value, list):
            return Node(name, _list(value))
        else:
            return Node(name, shown(str(value)))
        kind = shown(tag.rpartition("/")[2], 80)
        if depth >= DEEPEST_NODE:
            return Node(name, f"{kind} … deeper than is shown")
        return Node(name, kind, tuple(self.branch(children, path, depth + 1)))


def _list(values: Sequence[object]) -> str:
    text = ", ".join(shown(str(value), 80) for value in values[:FIRST_ITEMS])
    return f"[{text}, … {len(values)} in all]" if len(values) > FIRST_ITEMS else f"[{text}]"


@dataclass
class _Arrays:
    """The arrays of one file, and the search for their bytes."""

    path: Path
    blocks: list[Block]
    easel: ArrayTaker

    def part(self, described: Any, number: int, name: str) -> FilePart:
        """Return the part for an array; if the array cannot be read, a note says why."""
        shape: tuple[int, ...] = ()
        kind = ""
        try:
            shape, kind = _shape(described), _kind(described)
            array = self._array(described, shape)
            numbers, picture, note = self.easel.show(array, Scaling(), number=number)
        except MemoryError:
            raise
        except Exception as exc:  # The tree may be wrong in any way; the rest is still shown.
            note = f"The array cannot be read: {shown(str(exc), 200)}."
            return FilePart(number, name, "array", shape, kind, 0, note=note)
        size = math.prod(array.shape) * array.dtype.itemsize
        return FilePart(
            number, name, "array", array.shape, kind, size, numbers=numbers, picture=picture, note=note
        )

    def _array(self, described: Any, shape: tuple[int, ...]) -> Array:
        inline = described if isinstance(described, list) else described.get("data")
        if inline is not None:
            return InMemory(np.array(inline, dtype=_dtype(described) if _kind(described) else None))
        dtype, block = _dtype(described), self._block(described.get("source"))
        offset = _whole(described.get("offset", 0), "offset")
        if shape and described["shape"][0] == "*":
            row = math.prod(shape[1:]) * dtype.itemsize
            shape = ((block.size - offset) // row if row else 0, *shape[1:])
        if offset + math.prod(shape) * dtype.itemsize > block.size:
            raise BadArrayError(f"it needs more bytes than the {block.size:,} of its block")
        strides = described.get("strides")
        if not block.compression and strides is None:
            return OnDisk(self.path, block.start + offset, shape, dtype)
        data: Any = unpacked(block, self.path) if block.compression else self._mapped(block)
        strides = (
            None if strides is None else tuple(_whole(each, "stride", least=-(2**62)) for each in strides)
        )
        return InMemory(np.ndarray(shape, dtype, data, offset, strides))

    def _mapped(self, block: Block) -> Any:
        return np.memmap(self.path, np.uint8, mode="r", offset=block.start, shape=(block.size,))

    def _block(self, source: object) -> Block:
        if not isinstance(source, int) or isinstance(source, bool):
            raise BadArrayError(f"it lies in another file, {str(source)[:80]!r}")
        if not -len(self.blocks) <= source < len(self.blocks):
            raise BadArrayError(
                f"it lies in block {source}, and the file has {len(self.blocks)} whole blocks"
            )
        return self.blocks[source]


def _shape(described: Any) -> tuple[int, ...]:
    """Return the shape that the tree gives; the first axis of a streamed array is 0."""
    if isinstance(described, list) or "shape" not in described:
        return np.shape(described if isinstance(described, list) else described.get("data", ()))
    axes = list(described["shape"])
    if len(axes) > _MOST_AXES:
        raise BadArrayError(f"it has {len(axes)} axes")
    return tuple(
        0 if axis == "*" and number == 0 else _whole(axis, "axis") for number, axis in enumerate(axes)
    )


def _whole(value: object, what: str, *, least: int = 0) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise BadArrayError(f"its {what} is {str(value)[:40]!r} and not a whole number from {least} up")
    return int(value)


def _kind(described: Any) -> str:
    """Return the type of the values in words."""
    kind = described.get("datatype", "") if isinstance(described, Mapping) else ""
    if isinstance(kind, str):
        return shown(kind, 80)
    if len(kind) == 2 and kind[0] in ("ascii", "ucs4"):
        return f"{kind[0]} text of {str(kind[1])[:10]}"
    return f"records of {len(kind)} fields"


def _dtype(described: Any) -> np.dtype[Any]:
    kind = described.get("datatype") if isinstance(described, Mapping) else None
    if not isinstance(kind, str) or kind not in _TYPES:
        raise BadArrayError(f"values of type {_kind(described) or 'unknown'} are not shown")
    order = "<" if described.get("byteorder") == "little" else ">"
    return np.dtype(f"{order}{_TYPES[kind]}")
