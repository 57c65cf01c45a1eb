"""The program that reads a part of a table: ``python -m apps.certify.table_reading.child``.

Its orders are the path of the file and the parts of a `TableRequest`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from apps.certify.sandbox.one_answer import answer
from apps.certify.table_reading.values import TableRequest


def read_table(orders: dict[str, Any]) -> dict[str, Any]:
    """Return the part of the table."""
    from apps.certify.table_reading.read import read

    return read(Path(orders["path"]), TableRequest(**orders["wanted"])).as_json()


if __name__ == "__main__":
    answer(read_table)
