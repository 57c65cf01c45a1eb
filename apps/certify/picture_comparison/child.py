"""The program that compares one image of two files: ``python -m apps.certify.picture_comparison.child``.

Its orders are the paths of the files, a name that shows their format, the part, and the folder for pictures.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from apps.certify.quick_looks.errors import UnreadableFileError
from apps.certify.sandbox.one_answer import answer


def compare(orders: dict[str, str]) -> dict[str, Any]:
    """Return the comparison, or the reason why a file cannot be read."""
    from apps.certify.picture_comparison.compare import compare as compare_images

    try:
        found = compare_images(
            Path(orders["old"]),
            Path(orders["new"]),
            Path(orders["folder"]),
            name=orders["name"],
            part=orders["part"],
        )
    except UnreadableFileError as exc:
        return {"refused": str(exc)}
    return {"comparison": found.as_json()}


if __name__ == "__main__":
    answer(compare)
