"""Limits of time that only tell what hangs from what is slow. No other time decides a test."""

import contextlib
import time
from collections.abc import Callable, Iterator

HANG = 240.0  # seconds; a step takes a few, minutes on a slow and busy machine, and what hangs does not end


@contextlib.contextmanager
def does_not_hang() -> Iterator[None]:
    """Fail if the block ends late: what it does would not end, or take an hour, if it were broken."""
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    assert took < HANG, f"it took {took:.0f} s"


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Return when the condition is true; fail if it stays false."""
    until = time.monotonic() + HANG
    while not condition():
        assert time.monotonic() < until, f"timed out while waiting for {what}"
        time.sleep(0.05)
