"""Errors that prevent a look at a file, sorted by who must act."""

from __future__ import annotations

from apps.certify.errors import CertifyError


class UnreadableFileError(CertifyError):
    """The file is not of the format its content or name promises, not even at its beginning."""

    code = "look_unreadable"


class TooMuchError(CertifyError):
    """To look into the file takes more memory or time than a look may take, or ends the reader."""

    code = "look_too_much"


class BadLookError(ValueError):
    """A stored look cannot be read: it is cut off, or of another version."""
