"""Errors that stop a certification, sorted by who must act.

A fault in a file is not an error here: it is a verdict.
"""

from __future__ import annotations

from apps.rules.errors import CrdsError


class CertifyError(CrdsError):
    """Root of the errors that the person who asked can correct; the message may be shown."""

    code = "certify"


class RefusedJobError(CertifyError):
    """The job names a file that is missing, is named twice, or has an invalid name."""

    code = "certify_refused"


class TimedOutError(CertifyError):
    """The job took too long; the message names the file that was being checked."""

    code = "certify_timed_out"


class ChildAbortedError(CertifyError):
    """Somebody asked to stop the job."""

    code = "certify_aborted"


class BrokenCheckError(CertifyError):
    """Checking one file ended the whole child: the file asks for too much memory or breaks a reader."""

    code = "certify_broken"

    def __init__(self, message: str, *, file: str, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.file = file


class ChildError(Exception):
    """Root of the errors that we must correct: the child did not start, died, or sent nonsense.

    It is not a `CrdsError`: its text holds paths and tracebacks and is for our log alone.
    """
