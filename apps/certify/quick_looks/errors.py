"""Errors that prevent a look at a file, sorted by who must act."""

from __future__ import annotations

from apps.certify.errors import CertifyError


class UnreadableFileError(CertifyError):
    """A file that is not in the format of its content or name, not even at its beginning."""

    code = "look_unreadable"


class TooMuchError(CertifyError):
    """A file whose look takes more memory or time than allowed, or crashes the reader."""

    code = "look_too_much"


class BadLookError(ValueError):
    """A stored look that cannot be read: it is cut off, or of another version."""
