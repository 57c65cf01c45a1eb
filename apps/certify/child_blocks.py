"""The data of FITS files in blocks: summed and copied without the whole file in memory.

The library maps a file and goes through all of it for each checksum and for each copy. The mapped pages count
as memory of the process, so a child for a file of 3 GB took 3 GB.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

BLOCK = 8 << 20  # bytes; checksums add words of four bytes


def read_data_in_blocks() -> None:
    """Make the library sum and copy data that it has not loaded in blocks of `BLOCK` bytes.

    Data in memory, and data that are not whole, are left to the library.
    """
    from astropy.io.fits.hdu import base

    add_up, copy = base._ValidHDU._calculate_datasum, base._BaseHDU._writedata_direct_copy

    def add_up_blocks(self: Any) -> Any:
        if not _is_whole_in_file(self):
            return add_up(self)
        total = 0
        for block in _blocks(self):
            total = self._compute_checksum(block, total)
        return total

    def copy_blocks(self: Any, target: Any) -> Any:
        if not _is_whole_in_file(self):
            return copy(self, target)
        for block in _blocks(self):
            target.writearray(block)
        return self._data_size

    base._ValidHDU._calculate_datasum = add_up_blocks
    base._BaseHDU._writedata_direct_copy = copy_blocks


def _is_whole_in_file(extension: Any) -> bool:
    file = extension._file
    if extension._data_loaded or extension._buffer is not None or file is None or file.compression:
        return False
    return bool(0 < extension._data_offset + extension._data_size <= file.size)


def _blocks(extension: Any) -> Iterator[Any]:
    """Yield the bytes of the data, the padding included; the position in the file stays as it was."""
    import numpy as np

    file, left = extension._file, extension._data_size
    position = file.tell()
    file.seek(extension._data_offset)
    while left and (block := file.read(min(left, BLOCK))):
        left -= len(block)
        yield np.frombuffer(block, dtype="u1")
    file.seek(position)
