"""The ends of children, and whether the file or this server was the cause."""

from __future__ import annotations

import errno
import re
import signal

from apps.certify.errors import (
    BrokenCheckError,
    CertifyError,
    ChildError,
    KilledChildError,
    OutOfMemoryError,
    TimedOutError,
)

TOO_MUCH = 3  # Exit status of a child that ran out of memory.
CPU_GRACE = 5  # seconds between the signal that time is over and the kill

# Signals from an operator or a machine without free memory. A reader that crashes on a file gets others.
_FROM_OUTSIDE = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT})
# Errors of the operating system if our disks or limits are the cause.
_OUR_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE)
_OUR_WORDS = re.compile(rf"\[Errno (?:{'|'.join(map(str, _OUR_ERRORS))})\]")


def is_fault_of_file(status: int) -> bool:
    """Return whether the file that a child read caused its end with `status`.

    Parameters
    ----------
    status
        Value of `subprocess.Popen.returncode`. An exit without a signal is a crash of our own program.

    Examples
    --------
    >>> [is_fault_of_file(status) for status in (-11, TOO_MUCH, -9, 1)]
    [True, True, False, False]
    """
    return status == TOO_MUCH or (status < 0 and -status not in _FROM_OUTSIDE)


def is_killed_from_outside(status: int) -> bool:
    """Return whether somebody or the machine killed a child that might have come to its end.

    Examples
    --------
    >>> [is_killed_from_outside(status) for status in (-9, -15, -11, TOO_MUCH, 1)]
    [True, True, False, False, False]
    """
    return status < 0 and -status in _FROM_OUTSIDE


def is_our_error(error: BaseException) -> bool:
    """Return whether an error says that our disk is full or broken, or that we have too many open files."""
    return isinstance(error, OSError) and error.errno in _OUR_ERRORS


def tells_our_error(text: str) -> bool:
    """Return whether a line of a log quotes an error for which `is_our_error` is true.

    Examples
    --------
    >>> tells_our_error("In 'a.fits' : [Errno 28] No space left on device: '/tmp/x'")
    True
    """
    return _OUR_WORDS.search(text) is not None


def error_of_end(status: int, doing: str, words: str) -> CertifyError | ChildError:
    """Return the error for a child that did not come to its end.

    A child that ran out of memory or time, or that a fault of memory ended, read what it should not have
    believed. A child that somebody killed, or that fell over, is our fault.

    Parameters
    ----------
    status
        Value of `subprocess.Popen.returncode`, not zero.
    doing
        What the child did; only for our log.
    words
        What it printed; only for our log.
    """
    detail = f"status {status}"
    if status == TOO_MUCH:
        return OutOfMemoryError("The check asks for more memory than it may take.", detail=detail)
    if status == -signal.SIGXCPU:
        return TimedOutError("The check asks for more time than it may take.", detail=detail)
    if is_fault_of_file(status):
        return BrokenCheckError(
            "The check ended abruptly: the file is damaged, or asks for too much.", detail=detail
        )
    kind = KilledChildError if is_killed_from_outside(status) else ChildError
    return kind(f"{doing} ended with status {status}: {words}")
