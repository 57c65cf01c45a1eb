"""Size and sha1sum of every official file, packed for clients in blocks, so that a change packs one block.

The names in sorted order are cut into blocks of a few thousand. Each block is a gzip member of its own, and
so is the punctuation between them: together they are the gzip of one JSON object. A file below the data root
keeps the blocks. After a change the rows that changed since are read, and the blocks that they belong to are
packed again. A row tells the time of its last change; a transaction may commit later than that, so the rows
of a day before the last reading are read once more.
"""

import bisect
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet

from apps.catalog.models import File
from apps.catalog.states import FileState
from apps.distribution.checked_files import keep_checked, load_checked
from apps.distribution.ledger_marks import LONGEST_TRANSACTION, Mark, is_here, newest_mark

BLOCK = 2000  # files of a block; one of twice this number is cut
_FORMAT = 1  # Increase this number when the form of the file below the data root changes.
_LEVEL = 3  # of compression; higher levels take five times as long and save nothing for random digits

Entry = dict[str, str]


@dataclass(frozen=True, slots=True)
class MetadataBlock:
    """Files whose names follow each other in sorted order.

    Attributes
    ----------
    first
        The name of the first file.
    packed
        A gzip member of the inside of a JSON object.
    """

    first: str
    count: int
    packed: bytes

    @property
    def entries(self) -> dict[str, Entry]:
        """The size and the sha1sum of its files by name."""
        found: dict[str, Entry] = json.loads(b"{%b}" % gzip.decompress(self.packed))
        return found


@dataclass(frozen=True, slots=True)
class MetadataBlocks:
    """All blocks, in the order of names.

    Attributes
    ----------
    as_of
        The time before the rows were read.
    mark
        The newest audit record then: a database restored from an older copy does not have it.
    """

    as_of: datetime
    mark: Mark
    blocks: tuple[MetadataBlock, ...]

    @property
    def count(self) -> int:
        """The number of files."""
        return sum(block.count for block in self.blocks)

    def packed(self) -> bytes:
        """Return the gzip of the whole JSON object."""
        between = _pack(b",").join(block.packed for block in self.blocks)
        return _pack(b"{") + between + _pack(b"}")


def packed_metadata() -> bytes:
    """Return the gzip of a JSON object: size and sha1sum, as text, of every official file by its name.

    Files of unknown size or sha1sum cannot be described and are left out.
    """
    blocks = _renewed(_load()) or _all()
    _keep(blocks)
    return blocks.packed()


def described() -> QuerySet[File]:
    """Return the files that can be described."""
    return File.objects.exclude(state=FileState.UPLOADED).exclude(sha1sum="").exclude(size=None)


def _number_described() -> int:
    """Return how many files can be described, by counting the few that cannot: an index holds each kind."""
    official = File.objects.exclude(state=FileState.UPLOADED)
    without_sum = official.filter(sha1sum="").count()
    without_size = official.filter(size__isnull=True).exclude(sha1sum="").count()
    return official.count() - without_sum - without_size


def _renewed(known: MetadataBlocks | None) -> MetadataBlocks | None:
    """Return the blocks with what changed since they were made, or None if all must be made again."""
    if known is None or not is_here(known.mark):
        return None
    as_of, mark = datetime.now(UTC), newest_mark()
    rows = File.objects.filter(changed_at__gte=known.as_of - LONGEST_TRANSACTION)
    changed = {
        name: _entry(size, sha1sum) if state != FileState.UPLOADED and sha1sum and size is not None else None
        for name, size, sha1sum, state in rows.values_list("name", "size", "sha1sum", "state")
    }
    blocks = MetadataBlocks(as_of, mark, tuple(_patched(known.blocks, changed)))
    return blocks if blocks.count == _number_described() else None


def _patched(blocks: tuple[MetadataBlock, ...], changed: dict[str, Entry | None]) -> Iterator[MetadataBlock]:
    """Yield the blocks with changed entries; an entry of None is removed if it was there."""
    firsts = [block.first for block in blocks]

    def place(name: str) -> int:
        return max(0, bisect.bisect_right(firsts, name) - 1)

    of_block = {number: list(names) for number, names in groupby(sorted(changed), place)}
    for number, block in enumerate(blocks or (MetadataBlock("", 0, _pack(b"")),)):
        if number not in of_block:
            yield block
            continue
        before = block.entries
        after = before | {name: entry for name in of_block[number] if (entry := changed[name])}
        for name in of_block[number]:
            if changed[name] is None:
                after.pop(name, None)
        if after == before:
            yield block
        else:
            yield from _cut(sorted(after.items()))


def _cut(entries: list[tuple[str, Entry]]) -> Iterator[MetadataBlock]:
    """Yield sorted entries as blocks."""
    size = len(entries) if len(entries) <= 2 * BLOCK else BLOCK
    for start in range(0, len(entries), max(1, size)):
        part = dict(entries[start : start + size])
        text = json.dumps(part, separators=(",", ":"))[1:-1]
        yield MetadataBlock(next(iter(part)), len(part), _pack(text.encode()))


def _all() -> MetadataBlocks:
    as_of, mark = datetime.now(UTC), newest_mark()
    rows = described().values_list("name", "size", "sha1sum")
    entries = sorted((name, _entry(size, sha1sum)) for name, size, sha1sum in rows.iterator(chunk_size=5000))
    blocks = (
        block for start in range(0, len(entries), BLOCK) for block in _cut(entries[start : start + BLOCK])
    )
    return MetadataBlocks(as_of, mark, tuple(blocks))


def _entry(size: int | None, sha1sum: str) -> Entry:
    return {"size": str(size), "sha1sum": sha1sum}


def _pack(text: bytes) -> bytes:
    return gzip.compress(text, _LEVEL, mtime=0)


def _path() -> Path:
    root: Path = settings.DATA_ROOT
    return root / "published" / "metadata.blocks"


def _keep(blocks: MetadataBlocks) -> None:
    """Write a line that describes the blocks, and then the blocks."""
    index = [[block.first, block.count, len(block.packed)] for block in blocks.blocks]
    about = [_FORMAT, settings.OBSERVATORY, blocks.as_of.isoformat(), blocks.mark, index]
    content = b"\n".join([json.dumps(about).encode(), b"".join(block.packed for block in blocks.blocks)])
    keep_checked(_path(), content)


def _load() -> MetadataBlocks | None:
    """Return the blocks that were kept, or None if there are none, or they are damaged or of another form."""
    content = load_checked(_path())
    if content is None:
        return None
    line, _, packed = content.partition(b"\n")
    version, observatory, as_of, mark, index = json.loads(line)
    if (version, observatory) != (_FORMAT, settings.OBSERVATORY):
        return None
    blocks, start = [], 0
    for first, count, length in index:
        blocks.append(MetadataBlock(first, count, packed[start : start + length]))
        start += length
    return MetadataBlocks(datetime.fromisoformat(as_of), mark, tuple(blocks))
