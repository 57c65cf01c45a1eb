"""The program that looks into one file: ``python -m apps.certify.quick_looks.child``, started by `runner`.

Its orders are the path and the name of the file, and the folder for the look.
"""

from __future__ import annotations

from pathlib import Path

from apps.certify.sandbox.one_answer import answer


def look(orders: dict[str, str]) -> None:
    """Make a look. Its libraries are imported here, because the limits hold for all that they do."""
    from apps.certify.quick_looks.make import make

    make(Path(orders["path"]), Path(orders["folder"]), name=orders["name"])


if __name__ == "__main__":
    answer(look)
