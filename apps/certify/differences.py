"""The parent's side of comparing two references: a child reads both, within limits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.certify.concurrent_children import few_at_once
from apps.certify.errors import BrokenCheckError, RefusedJobError, TimedOutError
from apps.certify.sandbox.limits import Limits
from apps.certify.sandbox.one_answer import ask

PROGRAM = "apps.certify.child_differences"
MOST_BYTES = 256 << 20  # of one file
# The largest file that a child may write is its answer.
COMPARE_LIMITS = Limits(seconds=20, memory=4 << 30, file_size=8 << 20, address_space=4 << 30)

_FORMATS = {".fits": "fits", ".asdf": "asdf", ".json": "json", ".yaml": "yaml", ".yml": "yaml"}


@dataclass(frozen=True, slots=True)
class Section:
    """One part of two files that differs.

    Attributes
    ----------
    title
        Name of the part.
    notes
        The differences in sentences.
    columns, rows
        The differences as a table; both empty if the notes are enough.
    hidden
        Number of further rows that are left out.
    """

    title: str
    notes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    hidden: int = 0


def format_of(name: str) -> str:
    """Return the format by whose structure a reference is compared; empty if there is none.

    Examples
    --------
    >>> format_of("keckao_liger_dark_0001.fits"), format_of("x1u1459jo_ccd.r0h")
    ('fits', '')
    """
    return _FORMATS.get(Path(name).suffix.lower(), "")


def compare(
    old: Path,
    new: Path,
    *,
    kind: str,
    observatory: str,
    limits: Limits = COMPARE_LIMITS,
    most_bytes: int = MOST_BYTES,
) -> tuple[Section, ...]:
    """Return the parts in which two references differ; none if their contents are equal.

    Parameters
    ----------
    old, new
        Absolute paths.
    kind
        ``fits``, ``asdf``, ``json`` or ``yaml``: the format in which both are read.
    observatory
        Lower case name.
    limits
        The resources of the child.
    most_bytes
        The largest size of a file, in bytes.

    Raises
    ------
    RefusedJobError
        Raised if a file is too big, or cannot be read in its format.
    BusyError
        Raised if too many files are being compared now.
    TimedOutError, BrokenCheckError
        Raised if the comparison took too long, or if the files ended the child.
    ChildError
        Raised if the child failed by our fault.
    """
    for path in (old, new):
        require_comparable_size(path, most_bytes)
    with few_at_once():
        answer = _ask({"kind": kind, "old": str(old), "new": str(new)}, observatory, limits)
    if "refused" in answer:
        raise RefusedJobError(answer["refused"])
    return tuple(_section(values) for values in answer["sections"])


def require_comparable_size(path: Path, most_bytes: int = MOST_BYTES) -> None:
    """Refuse a file that is too big to be read while somebody waits.

    Raises
    ------
    RefusedJobError
        Raised if it has more than `most_bytes`.
    """
    if path.stat().st_size > most_bytes:
        raise RefusedJobError(
            f"{path.name} has {path.stat().st_size:,} bytes; files of more than {most_bytes:,} bytes are "
            "too big to be compared here. Download both and compare them on your computer."
        )


def _ask(orders: dict[str, str], observatory: str, limits: Limits) -> Any:
    """Return the answer of the child."""
    try:
        return ask(PROGRAM, orders, observatory=observatory, limits=limits)
    except TimedOutError as exc:
        raise TimedOutError(
            f"The comparison takes longer than {limits.seconds:g} s, which is too long for a page. "
            "Download both files and compare them on your computer."
        ) from exc
    except BrokenCheckError as exc:
        raise BrokenCheckError(
            "The comparison ended abruptly: one of the files is damaged, or needs more memory or time than a "
            "page may take.",
            file=Path(orders["old"]).name,
            detail=exc.detail,
        ) from exc


def _section(values: dict[str, object]) -> Section:
    rows = values["rows"]
    assert isinstance(rows, list)  # noqa: S101 (for the type checker; our own program wrote it)
    return Section(
        title=str(values["title"]),
        notes=_texts(values["notes"]),
        columns=_texts(values["columns"]),
        rows=tuple(_texts(row) for row in rows),
        hidden=int(str(values["hidden"])),
    )


def _texts(values: object) -> tuple[str, ...]:
    return tuple(map(str, values)) if isinstance(values, list) else ()
