"""The reports of a child: the log of the library as events, and errors in words."""

from __future__ import annotations

import contextlib
import errno
import logging
from collections.abc import Callable, Iterator

from apps.certify.messages import Event, Job, Log

Emit = Callable[[Event], None]


class Reporter:
    """A reporter that turns the log of the library into events, and counts errors and warnings."""

    def __init__(self, job: Job, emit: Emit) -> None:
        from crds.core import log

        self.emit, self._log, self._about = emit, log, ""
        self._folders = sorted((f"{folder}/" for folder in job.folders - {"/"}), key=len, reverse=True)
        logger = logging.getLogger("CRDS")
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
        logger.addHandler(_Handler(self))

    def say(self, level: str, text: str) -> None:
        """Report a line without the names of this server's folders."""
        for folder in self._folders:
            text = text.replace(folder, "")
        self.emit(Log(level, text.removeprefix(" "), self._about))

    @contextlib.contextmanager
    def counting(self, about: str) -> Iterator[Callable[[], tuple[int, int]]]:
        """Count errors and warnings about one thing; yield a function that returns the counts so far."""
        self._about = about
        self._log.reset()
        try:
            yield lambda: (self._log.errors(), self._log.warnings())
        finally:
            self._about = ""

    @contextlib.contextmanager
    def silence(self) -> Iterator[None]:
        """Drop everything that the library logs in this block."""
        emit, self.emit = self.emit, lambda _event: None
        try:
            yield
        finally:
            self.emit = emit

    def error(self, *words: object) -> None:
        """Log and count an error."""
        self._log.error(*words)

    def warning(self, *words: object) -> None:
        """Log and count a warning."""
        self._log.warning(*words)

    def info(self, *words: object) -> None:
        """Log a remark."""
        self._log.info(*words)


class _Handler(logging.Handler):
    def __init__(self, reporter: Reporter) -> None:
        super().__init__()
        self._reporter = reporter

    def emit(self, record: logging.LogRecord) -> None:
        self._reporter.say(record.levelname, record.getMessage())


@contextlib.contextmanager
def trapped(reporter: Reporter, what: str) -> Iterator[None]:
    """Log any exception as an error, as the library itself does."""
    try:
        yield
    except Exception as exc:
        reporter.error(what, ":", in_words(exc))


def in_words(exc: Exception) -> str:
    """Return the text of an error; if the disk is full, add what to do."""
    is_full = isinstance(exc, OSError) and exc.errno in (errno.ENOSPC, errno.EDQUOT)
    cure = "; the server has no space left. Tell the operators, and try again later." if is_full else ""
    return f"{exc}{cure}"
