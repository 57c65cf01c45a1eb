"""Errors whose message is safe to show to anybody.

`CrdsError` is the root for the whole server. A message says what was looked for and what was found. Where
clients in the field match on the text, the message is theirs to the letter and `detail` explains more.
"""

from __future__ import annotations


class CrdsError(Exception):
    """The root of every error whose message may be shown; `code` is short, stable and for programs."""

    code = "error"

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


class MappingError(CrdsError):
    """The text of a mapping is wrong; the message names the mapping, the line and the culprit."""

    code = "mapping_refused"


class ChecksumError(MappingError):
    """The sha1sum inside a mapping is missing or does not match its text."""

    code = "mapping_checksum"


class UnknownMappingError(MappingError):
    """A mapping that a caller or a context names is not among the compiled ones."""

    code = "mapping_unknown"


class UnknownObservatoryError(CrdsError):
    """No definition exists for this observatory."""

    code = "observatory_unknown"


class ArtifactError(CrdsError):
    """Stored bytes of a compiled mapping are damaged, of another origin or of another engine version."""

    code = "artifact_refused"


class HeaderError(CrdsError):
    """No best references can be computed for this header at all."""

    code = "header_unusable"


class UnknownInstrumentError(HeaderError):
    """The instrument named by a header does not exist in the context."""

    code = "instrument_unknown"


class UnknownReftypeError(HeaderError):
    """A reference mapping of another type was asked for this reference type."""

    code = "reftype_unknown"


class LookupFailure(CrdsError):
    """The lookup of one reference type failed; the message follows ``NOT FOUND`` in the answer."""

    code = "not_found"


class NothingFits(LookupFailure):
    """No case or date fits; the next best case may be tried."""

    code = "no_match"
