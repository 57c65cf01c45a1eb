"""A query that runs: its rows, its clock, and a switch to abort it. Both databases' readers build on this."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Protocol

from apps.vo.errors import AbortedError, OutOfTimeError, VoError

BATCH = 250  # rows read at once; the texts of so many stay in the cache of the processor

Row = tuple[Any, ...]


@dataclass
class Clock:
    """The time a query may take, and the wish of somebody to end it.

    Attributes
    ----------
    remedy
        What a caller who ran out of time can do.
    """

    seconds: float
    remedy: str = ""
    is_aborted: Callable[[], bool] = lambda: False
    started: float = field(default_factory=monotonic)

    @property
    def left(self) -> float:
        """Seconds that are left; negative if the time is over."""
        return self.started + self.seconds - monotonic()

    def problem(self) -> VoError | None:
        """Return the reason why a query must end now, or None."""
        if self.is_aborted():
            return AbortedError("The query was aborted.")
        if self.left <= 0:
            return OutOfTimeError(
                f"The query took longer than {self.seconds:g} seconds. {self.remedy}".strip()
            )
        return None


class Cursor(Protocol):
    """A running query."""

    def batches(self) -> Iterator[list[Row]]:
        """Yield the rows, at most `BATCH` at once."""
        ...

    def close(self) -> None:
        """End the query and give back its connection."""
        ...
