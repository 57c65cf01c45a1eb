"""Why a certification did not come to its end, sorted by who must act.

What the files themselves have wrong is no error here: it is a verdict.
"""

from __future__ import annotations

from apps.rules.errors import CrdsError


class CertifyError(CrdsError):
    """Root of what the person who asked can cure; the message may be shown."""

    code = "certify"


class RefusedJobError(CertifyError):
    """The job names a file that is missing, twice there, or has no proper name."""

    code = "certify_refused"


class TimedOutError(CertifyError):
    """The job took longer than it may; the message names the file it was at."""

    code = "certify_timed_out"


class AbortedError(CertifyError):
    """Somebody asked to stop the job."""

    code = "certify_aborted"


class BrokenCheckError(CertifyError):
    """Checking one file ended the whole child: the file asks for too much memory or breaks a reader."""

    code = "certify_broken"

    def __init__(self, message: str, *, file: str, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.file = file


class ChildError(Exception):
    """Root of what we must cure: the child did not start, died by itself or spoke nonsense.

    It is no `CrdsError`: its text holds paths and tracebacks and is for our log alone.
    """
