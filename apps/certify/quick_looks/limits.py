"""How much of a file is looked at, and how much of that is kept.

Whatever a file claims, a look stays a few hundred kilobytes and takes seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20

MOST_PARTS = 500
MOST_CARDS = 10_000  # of the whole file,
MOST_CARDS_OF_PART = 4_000  # and of one HDU
LONGEST_VALUE = 2_000  # characters
MOST_PICTURES = 40  # parts that get pictures
PICTURE_SIDE = 1024  # pixels
LOSSLESS_SIDE = 256  # pixels up to which a picture keeps every value
FIRST_ROWS = 5
MOST_COLUMNS = 300
FIRST_ITEMS = 6  # of a cell or list
SCANNED = 4 << 30  # bytes of one array that are read for its numbers
CHUNK = 1 << 20  # values that are read at once
SAMPLE = 1 << 20  # values of which median and histogram are taken
BINS = 64
LONGEST_TEXT = 64 << 10  # characters of a text file
LARGEST_DOCUMENT = 4 * MIB  # bytes of JSON that is printed anew
MOST_NODES = 3_000  # of a tree
DEEPEST_NODE = 40
LARGEST_BLOCK = 64 * MIB  # bytes of a compressed block, when it is not compressed any more


@dataclass(frozen=True, slots=True)
class LookLimits:
    """What the child of one look may use.

    Attributes
    ----------
    seconds
        Wall-clock time; processor time is limited to the same.
    memory
        Bytes of memory of its own. What it maps of the file does not count.
    written
        Largest file it may write, in bytes.
    """

    seconds: float = 60
    memory: int = 512 * MIB
    written: int = 32 * MIB
