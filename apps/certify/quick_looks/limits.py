"""Limits of quick looks: how much of a file is read, and how much of that is kept.

Whatever a file claims, a look has a few hundred kilobytes at most and takes seconds.
"""

from __future__ import annotations

from apps.certify.sandbox.limits import Limits

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
LARGEST_DOCUMENT = 4 * MIB  # bytes of JSON that is formatted again
MOST_NODES = 3_000  # of a tree
DEEPEST_NODE = 40
LARGEST_BLOCK = 64 * MIB  # bytes of a compressed block after decompression

# What is mapped of a file costs nothing, so the address space has no limit.
LOOK_LIMITS = Limits(seconds=60, memory=512 * MIB, file_size=32 * MIB)
