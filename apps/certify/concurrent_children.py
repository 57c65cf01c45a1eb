"""A limit on the children that answer pages: each reads whole files while somebody waits."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from threading import BoundedSemaphore

from apps.certify.errors import CertifyError

AT_ONCE = 2  # children of this process
PATIENCE = 5.0  # seconds to wait until one of them is done

_places = BoundedSemaphore(AT_ONCE)


class BusyError(CertifyError):
    """As many files are being read as this process may read at once."""

    code = "compare_busy"


@contextlib.contextmanager
def few_at_once() -> Iterator[None]:
    """Take one of the places for a child, and give it back.

    Raises
    ------
    BusyError
        Raised if no place becomes free in time.
    """
    if not _places.acquire(timeout=PATIENCE):
        raise BusyError("The server is reading other files. Try again in a minute.")
    try:
        yield
    finally:
        _places.release()
