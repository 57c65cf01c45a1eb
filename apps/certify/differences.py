"""The parent's side of comparing two references: a child reads them, within limits, and tells."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore

from apps.certify.ends import is_fault_of_file
from apps.certify.environment import child_environment, own_environment
from apps.certify.errors import BrokenCheckError, CertifyError, ChildError, RefusedJobError, TimedOutError

logger = logging.getLogger(__name__)

MOST_BYTES = 256 << 20  # of one file
MOST_ANSWER = 8 << 20  # bytes that a child may tell
SECONDS = 20.0
MEMORY = 4 << 30  # bytes of address space
STRAY_KEPT = 2000  # characters of what a child printed
AT_ONCE = 2  # Children of this process; each reads two whole files.
PATIENCE = 5.0  # seconds to wait until one of them is done

_FORMATS = {".fits": "fits", ".asdf": "asdf", ".json": "json", ".yaml": "yaml", ".yml": "yaml"}
_room = BoundedSemaphore(AT_ONCE)


class BusyError(CertifyError):
    """As many files are compared as this process may compare at once."""

    code = "compare_busy"


@dataclass(frozen=True, slots=True)
class Section:
    """One part of two files that differs.

    Attributes
    ----------
    title
        Which part.
    notes
        What differs, in sentences.
    columns, rows
        A table of what differs; both empty if the notes say it all.
    hidden
        How many more rows there are.
    """

    title: str
    notes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    hidden: int = 0


def format_of(name: str) -> str:
    """Return in which way a reference is compared by its structure, empty if in none.

    Examples
    --------
    >>> format_of("jwst_miri_dark_0001.fits"), format_of("x1u1459jo_ccd.r0h")
    ('fits', '')
    """
    return _FORMATS.get(Path(name).suffix.lower(), "")


def compare(
    old: Path,
    new: Path,
    *,
    kind: str,
    observatory: str,
    seconds: float = SECONDS,
    memory: int = MEMORY,
    most_bytes: int = MOST_BYTES,
) -> tuple[Section, ...]:
    """Return in what two references differ; nothing if they tell the same.

    Parameters
    ----------
    old, new
        Absolute paths.
    kind
        ``fits``, ``asdf``, ``json`` or ``yaml``: what both are read as.
    observatory
        Lower case name.
    seconds, memory, most_bytes
        Wall-clock time and address space of the child, and the size of a file, in bytes.

    Raises
    ------
    RefusedJobError
        Raised if a file is too big, or cannot be read as what it should be.
    BusyError
        Raised if too many files are being compared now.
    TimedOutError, BrokenCheckError
        Raised if it took too long, or if the files ended the child.
    ChildError
        Raised if the child failed by our fault.
    """
    for path in (old, new):
        if path.stat().st_size > most_bytes:
            raise RefusedJobError(
                f"{path.name} has {path.stat().st_size:,} bytes; files of more than {most_bytes:,} bytes are "
                "too big to be compared here. Download both and compare them there."
            )
    if not _room.acquire(timeout=PATIENCE):
        raise BusyError("Other files are being compared just now; try again in a minute.")
    try:
        answer = _run([kind, str(old), str(new), str(seconds), str(memory)], observatory, seconds)
    finally:
        _room.release()
    told = json.loads(answer)
    if "refused" in told:
        raise RefusedJobError(told["refused"])
    return tuple(_section(values) for values in told["sections"])


def _run(arguments: list[str], observatory: str, seconds: float) -> str:
    """Return what the child tells."""
    with tempfile.TemporaryDirectory(prefix="crds-compare-") as home:
        # A file and no pipe: the limit on what a child may write then holds for its answer, too.
        answer, stray = Path(home) / "answer", Path(home) / "stray"
        with stray.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "apps.certify.child_differences", *arguments, str(answer)],
                env=child_environment(observatory, home=Path(home), outside=own_environment()),
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise TimedOutError(
                f"To compare these files takes longer than {seconds:g} s, which is too long for a page. "
                "Download both and compare them there."
            ) from None
        finally:
            _end(process)
        if process.returncode or not answer.is_file():
            words = stray.read_text(errors="replace")[-STRAY_KEPT:]
            if not is_fault_of_file(process.returncode):
                raise ChildError(f"comparing {arguments} ended with {process.returncode}: {words}")
            logger.error("comparing %s ended with %s: %s", arguments, process.returncode, words)
            raise BrokenCheckError(
                "Comparing these files ended abruptly: one of them is damaged, or asks for more memory or "
                "time than a page may take.",
                file=Path(arguments[1]).name,
            )
        return answer.read_text()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a child with all it started, if it is not dead."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


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
