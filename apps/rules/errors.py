"""Errors whose message is safe to show to anybody.

`CrdsError` is the root for the whole server. A message says what was looked for and what was found; where the
text belongs to clients in the field it is theirs to the letter, and the longer story is in `detail`.
"""

from __future__ import annotations


class CrdsError(Exception):
    """Root of every error whose message may be shown; `code` is short, stable and meant for programs."""

    code = "error"

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


class MappingError(CrdsError):
    """The text of a mapping is refused; the message names the mapping, the line and the culprit."""

    code = "mapping_refused"


class ChecksumError(MappingError):
    """The sha1sum inside a mapping is missing or is not that of its text."""

    code = "mapping_checksum"


class UnknownMappingError(MappingError):
    """A context was asked for, or names, a mapping that is not among the compiled ones."""

    code = "mapping_unknown"


class UnknownObservatoryError(CrdsError):
    """No definition exists for this observatory."""

    code = "observatory_unknown"


class ArtifactError(CrdsError):
    """Stored bytes of a compiled mapping are damaged, foreign or from another engine version."""

    code = "artifact_refused"


class HeaderError(CrdsError):
    """No best references can be computed for this header at all."""

    code = "header_unusable"


class UnknownInstrumentError(HeaderError):
    """The instrument named by a header does not exist in the context."""

    code = "instrument_unknown"


class UnknownReftypeError(HeaderError):
    """A reference type was asked of a reference mapping which holds another one."""

    code = "reftype_unknown"


class LookupFailure(CrdsError):
    """One reference type found nothing; its text follows ``NOT FOUND`` in the answer."""

    code = "not_found"


class NothingFits(LookupFailure):
    """No case or date fits, so that the next best case may be tried."""

    code = "no_match"
