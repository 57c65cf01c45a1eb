"""The program that compares two references: ``python -m apps.certify.child_differences``.

Its orders are the format of the files and both paths. It makes one comparison and ends. It compares FITS
files with astropy. It compares the trees of ASDF, JSON and YAML files as plain values, so that no content of
a file builds objects.
"""

from __future__ import annotations

import hashlib
import json
import struct
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from apps.certify.differences import Section
from apps.certify.sandbox.ends import is_our_error
from apps.certify.sandbox.one_answer import answer
from apps.certify.trees import DEEPEST_TREE, MOST_NODES, UnreadableTreeError, read_json, read_yaml

MOST_ROWS = 500  # rows of one section
MOST_SECTIONS = 100
MOST_VALUES = 20  # values of the data of one extension
LONGEST_VALUE = 300  # characters
LARGEST_TREE = 16 << 20  # bytes

_BLOCK = b"\xd3BLK"
_BLOCK_HEADER = struct.Struct(">I4sQQQ16s")


class _UnreadableError(Exception):
    """A file that cannot be read in its format; people may see the text."""


def compare(orders: dict[str, str]) -> dict[str, Any]:
    """Return the differences of two files, or the reason why they cannot be compared."""
    kind, old, new = orders["kind"], orders["old"], orders["new"]
    try:
        found = list(_fits(old, new) if kind == "fits" else _trees(kind, old, new))
    except _UnreadableError as exc:
        return {"refused": str(exc)}
    return {"sections": [asdict(section) for section in found[:MOST_SECTIONS]]}


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _cut(
    title: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]], notes: Iterable[str] = ()
) -> Section:
    """Return a section with at most `MOST_ROWS` rows, and the number of rows left out."""
    known = list(rows)
    kept = tuple(known[:MOST_ROWS])
    return Section(title, tuple(notes), columns if kept else (), kept, len(known) - len(kept))


# FITS


def _fits(old: str, new: str) -> Iterator[Section]:
    from astropy.io import fits

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with fits.open(old, memmap=False) as ours, fits.open(new, memmap=False) as theirs:
                found = fits.FITSDiff(ours, theirs, numdiffs=MOST_VALUES)
                yield from _of_files(found)
                for at, extension, *_names in found.diff_hdus:
                    yield from _of_extension(_title(at, ours), extension)
        except (OSError, fits.VerifyError, ValueError, TypeError, KeyError, IndexError) as exc:
            if is_our_error(exc):
                raise
            raise _UnreadableError(f"The files cannot be read as FITS: {_shown(exc)}") from exc


def _title(at: int, extensions: Any) -> str:
    name = extensions[at].name
    return f"Extension {at}{f' ({name})' if name else ''}"


def _of_files(found: Any) -> Iterator[Section]:
    if found.diff_hdu_count:
        old, new = found.diff_hdu_count
        yield Section(
            "Extensions", (f"The old file has {old} and the new one {new}; the first ones are compared.",)
        )


def _of_extension(title: str, found: Any) -> Iterator[Section]:
    notes = [
        f"{what}: {values[0]!r} became {values[1]!r}."
        for what, values in (
            ("Type", found.diff_extension_types),
            ("Name", found.diff_extnames),
            ("Version", found.diff_extvers),
            ("Level", found.diff_extlevels),
        )
        if values
    ]
    if notes:
        yield Section(title, tuple(notes))
    if found.diff_headers is not None and not found.diff_headers.identical:
        rows = sorted(_keywords(found.diff_headers), key=lambda row: row[0])
        yield _cut(f"{title}: header", ("KEYWORD", "WHAT", "OLD", "NEW"), rows)
    old, new = found.a.data, found.b.data
    if (old is None) != (new is None):
        yield Section(f"{title}: data", (f"Only the {'new' if old is None else 'old'} file has data here.",))
    elif found.diff_data is not None and not found.diff_data.identical:
        yield _of_data(f"{title}: data", found.diff_data, old, new)


def _keywords(found: Any) -> Iterator[tuple[str, ...]]:
    old, new = found.diff_keywords or ((), ())
    yield from ((word, "deleted", _shown(found.a.get(word, "")), "") for word in old)
    yield from ((word, "added", "", _shown(found.b.get(word, ""))) for word in new)
    for what, changed in (("value", found.diff_keyword_values), ("comment", found.diff_keyword_comments)):
        for word, pairs in changed.items():
            for pair in pairs:
                if pair is not None:
                    yield (word, f"{what} replaced", _shown(pair[0]), _shown(pair[1]))
    for word, (before, after) in found.diff_duplicate_keywords.items():
        yield (word, "repeated", f"{before} times", f"{after} times")


def _of_data(title: str, found: Any, old: Any, new: Any) -> Section:
    if hasattr(found, "diff_pixels"):
        return _of_image(title, found, old, new)
    if hasattr(found, "diff_column_count"):
        return _of_table(title, found)
    notes = [f"{getattr(found, 'diff_total', 0)} bytes differ."]
    if sizes := getattr(found, "diff_dimensions", ()):
        notes.insert(0, f"{sizes[0]} bytes became {sizes[1]}.")
    return Section(title, tuple(notes))


def _of_image(title: str, found: Any, before: Any, after: Any) -> Section:
    if found.diff_dimensions:
        old, new = (" by ".join(map(str, size)) for size in found.diff_dimensions)
        return Section(title, (f"The size {old} became {new}; values are not compared.",))
    rows = [
        (str(tuple(int(step) + 1 for step in reversed(at))), _shown(values[0]), _shown(values[1]))
        for at, values in found.diff_pixels
    ]
    note = f"{found.diff_total:,} values differ, {found.diff_ratio:.2%} of all."
    columns = ("PIXEL", "OLD", "NEW")
    return Section(
        title,
        (note, *_statistics(before, after)),
        columns if rows else (),
        tuple(rows),
        found.diff_total - len(rows),
    )


def _statistics(before: Any, after: Any) -> Iterator[str]:
    """Yield sentences about the largest and the mean difference, and about NaN in one file only."""
    import numpy as np

    old, new = np.asarray(before), np.asarray(after)
    if old.dtype.kind not in "uifb" or new.dtype.kind not in "uifb":
        return
    apart = np.abs(new.astype(np.float64) - old.astype(np.float64))
    apart = apart[np.isfinite(apart) & (apart > 0)]
    if apart.size:
        yield f"They differ by {apart.max():.6g} at most and by {apart.mean():.6g} in the mean."
    lost = int(np.count_nonzero(np.isnan(old.astype(np.float64)) != np.isnan(new.astype(np.float64))))
    if lost:
        yield f"{lost:,} values are a number in one file only."


def _of_table(title: str, found: Any) -> Section:
    notes = []
    if found.diff_column_count:
        notes.append("{} columns became {}.".format(*found.diff_column_count))
    old, new = found.diff_column_names or ((), ())
    notes += [f"Column {name} was deleted." for name in list(old)[:MOST_VALUES]]
    notes += [f"Column {name} was added." for name in list(new)[:MOST_VALUES]]
    for (name, attribute), values in found.diff_column_attributes[:MOST_VALUES]:
        notes.append(f"Column {name}: {attribute} {_shown(values[0])} became {_shown(values[1])}.")
    if found.diff_rows:
        notes.append("{} rows became {}; values are not compared.".format(*found.diff_rows))
    rows = [
        (_shown(name), str(int(row) + 1), _shown(values[0]), _shown(values[1]))
        for (name, row), values in found.diff_values
    ]
    if found.diff_total:
        notes.append(f"{found.diff_total:,} values differ, {found.diff_ratio:.2%} of those compared.")
    columns = ("COLUMN", "ROW", "OLD", "NEW")
    return Section(
        title, tuple(notes), columns if rows else (), tuple(rows), max(0, found.diff_total - len(rows))
    )


# Trees


def _trees(kind: str, old: str, new: str) -> Iterator[Section]:
    ours, theirs = (_read(kind, Path(path)) for path in (old, new))
    yield from _of_trees(ours, theirs)
    if kind == "asdf":
        yield from _of_blocks(list(_blocks(Path(old))), list(_blocks(Path(new))))


def _of_trees(ours: dict[str, str], theirs: dict[str, str]) -> Iterator[Section]:
    rows = []
    for path in dict.fromkeys((*ours, *theirs)):
        if path not in theirs:
            rows.append((path, "deleted", ours[path], ""))
        elif path not in ours:
            rows.append((path, "added", "", theirs[path]))
        elif ours[path] != theirs[path]:
            rows.append((path, "replaced", ours[path], theirs[path]))
    if rows:
        yield _cut("Tree", ("PATH", "WHAT", "OLD", "NEW"), rows)


def _read(kind: str, path: Path) -> dict[str, str]:
    """Return the path and the value of each leaf of a tree."""
    with path.open("rb") as stream:
        text = stream.read(LARGEST_TREE + 1)
    if kind == "asdf":
        end = text.find(b"\n...")
        text = text[: end + 1] if end >= 0 else text
    if len(text) > LARGEST_TREE:
        raise _UnreadableError(f"The tree of {path.name} has more than {LARGEST_TREE:,} bytes.")
    try:
        return dict(_leaves(read_json(text) if kind == "json" else read_yaml(text)))
    except (ValueError, RecursionError, UnreadableTreeError) as exc:
        raise _UnreadableError(f"{path.name} cannot be read as {kind.upper()}: {_shown(exc)}") from exc


def _leaves(tree: Any) -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each value, and of each empty branch.

    One part may be at many places of a YAML tree, even inside itself. So the steps are counted.
    """
    waiting: list[tuple[str, Any, int]] = [("", tree, 0)]
    steps = 0
    while waiting:
        path, value, depth = waiting.pop()
        steps += 1
        if steps > MOST_NODES or depth > DEEPEST_TREE:
            raise ValueError(f"it has more than {MOST_NODES} nodes or {DEEPEST_TREE} levels")
        if isinstance(value, Mapping) and value:
            below = [(f"{path}.{key}".lstrip("."), child, depth + 1) for key, child in value.items()]
            waiting += reversed(below)
        elif isinstance(value, list) and value:
            waiting += [(f"{path}[{at}]", child, depth + 1) for at, child in enumerate(value)][::-1]
        else:
            yield path, _shown(json.dumps(value, default=str, ensure_ascii=False))


def _of_blocks(old: list[tuple[int, str]], new: list[tuple[int, str]]) -> Iterator[Section]:
    if old == new:
        return
    notes = [f"{len(old)} binary blocks became {len(new)}."] if len(old) != len(new) else []
    rows = [
        (str(at), f"{before[0]:,} bytes", f"{after[0]:,} bytes")
        for at, (before, after) in enumerate(zip(old, new, strict=False))
        if before != after
    ]
    yield _cut("Binary blocks", ("BLOCK", "OLD", "NEW"), rows, notes)


def _blocks(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the size and the sha256sum of each binary block of an ASDF file, as stored.

    Notes
    -----
    Source: ASDF standard 1.6, "Low-level file layout", blocks.
    """
    content = path.read_bytes()
    end = content.find(b"\n...")
    at = content.find(_BLOCK, max(end, 0))
    while at >= 0 and content.startswith(_BLOCK, at):
        head = int.from_bytes(content[at + 4 : at + 6], "big")
        if len(content) < at + 6 + _BLOCK_HEADER.size:
            raise _UnreadableError(f"{path.name} is cut off within a binary block.")
        _flags, _packing, allocated, used, _size, _sum = _BLOCK_HEADER.unpack_from(content, at + 6)
        start = at + 6 + head
        data = content[start : start + used]
        yield len(data), hashlib.sha256(data).hexdigest()
        at = start + allocated


if __name__ == "__main__":
    answer(compare)
