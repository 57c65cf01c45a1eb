"""The guard of answers that are made in the loop of the web server, where nothing may wait."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

_is_in_loop: ContextVar[bool] = ContextVar("is_in_loop", default=False)


class NeedsThreadError(BaseException):
    """An answer cannot be made in the loop, because it would wait for a lock, a file or a database.

    It is not an `Exception`, so that a call cannot answer it as its own failure.
    """


@contextlib.contextmanager
def in_loop() -> Iterator[None]:
    """Refuse everything that calls `require_thread` in this block."""
    token = _is_in_loop.set(True)
    try:
        yield
    finally:
        _is_in_loop.reset(token)


def require_thread() -> None:
    """Say that what follows may wait.

    Raises
    ------
    NeedsThreadError
        Raised in the loop; the request is then answered again, by a thread.
    """
    if _is_in_loop.get():
        raise NeedsThreadError
