"""The parent's side of reading a table: a child reads it in the sandbox."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

from apps.certify.concurrent_children import few_at_once
from apps.certify.errors import BrokenCheckError, TimedOutError
from apps.certify.quick_looks.limits import LOOK_LIMITS
from apps.certify.sandbox.one_answer import ask
from apps.certify.table_reading.values import ReadTable, TableRequest, table_from_json

PROGRAM = "apps.certify.table_reading.child"
TABLE_LIMITS = replace(LOOK_LIMITS, seconds=20)


def read_table(path: Path, wanted: TableRequest, *, observatory: str) -> ReadTable:
    """Read a part of a table of a FITS file.

    Raises
    ------
    BusyError
        Raised if too many files are being read now.
    TimedOutError, BrokenCheckError
        Raised if the reading took too long, or if the file ended the child.
    ChildError
        Raised if the child failed by our fault.
    """
    with few_at_once():
        try:
            answer = ask(
                PROGRAM,
                {"path": str(path), "wanted": asdict(wanted)},
                observatory=observatory,
                limits=TABLE_LIMITS,
            )
        except TimedOutError as exc:
            raise TimedOutError(f"The table takes longer than {TABLE_LIMITS.seconds:g} s to read.") from exc
        except BrokenCheckError as exc:
            raise BrokenCheckError(
                "The table cannot be read: the file is damaged, or needs too much memory.",
                file=path.name,
                detail=exc.detail,
            ) from exc
    return table_from_json(answer)
