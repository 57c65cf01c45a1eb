"""Affected exposures as a Parquet file, which is written in groups of rows so that memory stays flat."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import islice
from threading import Lock
from typing import IO, Any

from apps.reprocessing.errors import BusyParquetError, NoParquetError

COLUMNS = ("dataset", "type", "old", "new")
ROWS_IN_GROUP = 50_000

# Anybody may ask, and each file takes a thread and its size on the disk. So a process writes one at a time.
_writing = Lock()


def is_available() -> bool:
    """Return whether the library that writes Parquet files is installed."""
    return importlib.util.find_spec("pyarrow") is not None


def write(rows: Iterable[tuple[str, str, str, str]]) -> IO[bytes]:
    """Return an open temporary file with a row for each affected exposure, ready to be read.

    Raises
    ------
    NoParquetError
        Raised if the library is not installed.
    BusyParquetError
        Raised if this process is writing another one.
    """
    if not _writing.acquire(blocking=False):
        raise BusyParquetError
    try:
        return _written(rows)
    finally:
        _writing.release()


def _written(rows: Iterable[tuple[str, str, str, str]]) -> IO[bytes]:
    try:
        pyarrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise NoParquetError from None
    # Types and references repeat, so their texts are stored once in each group.
    repeated = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    types = (pyarrow.string(), repeated, repeated, repeated)
    schema = pyarrow.schema(list(zip(COLUMNS, types, strict=True)))
    file = tempfile.TemporaryFile()  # noqa: SIM115 (whoever gets it closes it)
    try:
        with parquet.ParquetWriter(file, schema) as writer:
            for group in _groups(rows):
                columns = zip(*group, strict=True)
                arrays = [pyarrow.array(each, type=kind) for each, kind in zip(columns, types, strict=True)]
                writer.write_table(pyarrow.table(arrays, schema=schema))
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def _groups(rows: Iterable[Any]) -> Iterator[list[Any]]:
    left = iter(rows)
    while group := list(islice(left, ROWS_IN_GROUP)):
        yield group
