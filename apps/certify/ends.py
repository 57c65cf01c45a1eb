"""The ends of children, and the question whether the file or this server is to blame."""

from __future__ import annotations

import errno
import re
import signal

TOO_MUCH = 3  # The exit status of a child that ran out of memory.
CPU_GRACE = 5  # seconds between the signal that time is over and the kill

# A reader that stumbles over a file gets other signals. An operator sends these, or a machine without memory.
_FROM_OUTSIDE = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT})
# What the system says if our disks or limits are at fault.
_OUR_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE)
_OUR_WORDS = re.compile(rf"\[Errno (?:{'|'.join(map(str, _OUR_ERRORS))})\]")


def is_fault_of_file(status: int) -> bool:
    """Return whether a child that ended with `status` was ended by what it read.

    Parameters
    ----------
    status
        As of `subprocess.Popen.returncode`. An exit without a signal is a crash of our own program.

    Examples
    --------
    >>> [is_fault_of_file(status) for status in (-11, TOO_MUCH, -9, 1)]
    [True, True, False, False]
    """
    return status == TOO_MUCH or (status < 0 and -status not in _FROM_OUTSIDE)


def is_our_error(error: BaseException) -> bool:
    """Return whether an error says that our disk is full or broken, or that we have too many files open."""
    return isinstance(error, OSError) and error.errno in _OUR_ERRORS


def tells_our_error(text: str) -> bool:
    """Return whether a line of a log quotes an error as `is_our_error` knows it.

    Examples
    --------
    >>> tells_our_error("In 'a.fits' : [Errno 28] No space left on device: '/tmp/x'")
    True
    """
    return _OUR_WORDS.search(text) is not None
