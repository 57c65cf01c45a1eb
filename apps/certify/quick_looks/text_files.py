"""Text files: JSON printed with indents, all others unchanged."""

from __future__ import annotations

import json
from pathlib import Path

from apps.certify.quick_looks.limits import LARGEST_DOCUMENT, LONGEST_TEXT
from apps.certify.quick_looks.safe_text import shown
from apps.certify.quick_looks.values import QuickLook

FORMATS = {".json": "JSON", ".yaml": "YAML", ".yml": "YAML", ".text": "text", ".txt": "text"}


def look(path: Path, format: str) -> QuickLook:
    """Return the look at a text file, cut at `LONGEST_TEXT` characters."""
    text, notes = "", []
    with path.open("rb") as stream:
        data = stream.read(LARGEST_DOCUMENT + 1)
    if format == "JSON" and len(data) <= LARGEST_DOCUMENT:
        try:
            text = json.dumps(json.loads(data), indent=2, ensure_ascii=False)
        except (ValueError, RecursionError) as exc:
            notes.append(f"Not JSON that can be read: {shown(str(exc), 200)}.")
    if not text:
        text = data[: 4 * LONGEST_TEXT].decode("utf-8", "replace")
    is_cut = len(text) > LONGEST_TEXT
    return QuickLook(
        format=format, text=shown(text[:LONGEST_TEXT], LONGEST_TEXT), is_cut=is_cut, notes=tuple(notes)
    )
