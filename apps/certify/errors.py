"""Errors that stop a certification, a comparison or a look, sorted by who must act.

A fault in a file is not an error here but a verdict.
"""

from __future__ import annotations

from apps.rules.errors import CrdsError


class CertifyError(CrdsError):
    """Base of the errors that the person who started the job can correct; people may see the message."""

    code = "certify"


class RefusedJobError(CertifyError):
    """A job with a file that is missing, is named twice, or has an invalid name."""

    code = "certify_refused"


class TimedOutError(CertifyError):
    """A job that took too long; the message names the file that was being checked."""

    code = "certify_timed_out"


class ChildAbortedError(CertifyError):
    """A job that somebody stopped."""

    code = "certify_aborted"


class BrokenCheckError(CertifyError):
    """A file whose check ended the whole child: it needs too much memory or crashes a reader.

    Attributes
    ----------
    file
        Name of the file; empty if the check read only one.
    """

    code = "certify_broken"

    def __init__(self, message: str, *, file: str = "", detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.file = file


class OutOfMemoryError(BrokenCheckError):
    """A file whose check takes more memory than allowed."""


class ChildError(Exception):
    """Base of the errors that we must correct: the child did not start, died, or sent invalid data.

    It is not a `CrdsError`: its text contains paths and tracebacks and is only for our log.
    """


class KilledChildError(ChildError):
    """A child that somebody killed from outside, such as a machine without free memory; it may run again."""
