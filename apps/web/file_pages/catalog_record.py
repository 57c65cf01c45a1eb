"""The catalogue's record of a file, row by row.

Scripts of other people take the first table of the page and look rows up by their labels (website, section
6.3): neither the labels nor the form of the values may change.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from apps.catalog.addresses import file_page
from apps.catalog.models import File
from apps.catalog.states import FileKind
from apps.web.file_pages.wording import (
    NO_MOMENT,
    NOTHING,
    as_moment,
    as_size,
    as_text,
    look_of_status,
    status_of,
)


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One row.

    Attributes
    ----------
    address
        Address that the value links to; empty for none.
    badge
        Colour of the value; empty for none.
    is_copied
        Whether people may copy the value with a button.
    """

    label: str
    value: str
    address: str = ""
    badge: str = ""
    is_copied: bool = False

    @property
    def is_missing(self) -> bool:
        """Return whether the catalogue has no value."""
        return self.value in (NOTHING, NO_MOMENT)


def record(file: File, *, is_inside: bool) -> list[RecordRow]:
    """Return all rows of a file; e-mail addresses only for people who logged in."""
    return [*_rows(file, is_inside), *_more_rows(file, is_inside)]


def _rows(file: File, is_inside: bool) -> Iterator[RecordRow]:
    status = status_of(file)
    look = look_of_status(status)
    yield RecordRow("CRDS Name", file.name, badge=look)
    yield RecordRow("Uploaded Name", file.uploaded_as or NOTHING)
    yield RecordRow("Sha1sum", file.sha1sum or NOTHING, is_copied=bool(file.sha1sum))
    yield RecordRow("Size (bytes)", as_size(file.size))
    yield RecordRow("Status", status, badge=look)
    yield RecordRow("Reject Flag", _flag(file.rejected))
    if file.provisional:
        yield RecordRow("Provisional", _flag(file.provisional))
    if file.kind == FileKind.MAPPING:
        yield RecordRow("Blacklist Flag", _flag(file.blacklisted))
    yield RecordRow("Replaced By File Name", file.replaced_by or NOTHING, address=_page_of(file.replaced_by))
    why = as_text(file.description, is_inside=is_inside)
    yield RecordRow("Reason for Delivery", why)
    yield RecordRow("Submit Description", why)
    yield RecordRow("Derived From", file.derived_from or NOTHING, address=_page_of(file.derived_from))
    yield RecordRow("Change Level", file.change_level.upper() or NOTHING)
    yield RecordRow("Delivery Date", as_moment(file.delivered_at))
    yield RecordRow("Activation Date", as_moment(file.activated_at))
    yield RecordRow("Instrument", file.instrument or NOTHING)
    yield RecordRow("Reference Type", file.filekind or NOTHING)


def _more_rows(file: File, is_inside: bool) -> Iterator[RecordRow]:
    def text(value: str) -> str:
        return as_text(value, is_inside=is_inside)

    if file.kind == FileKind.REFERENCE:
        yield RecordRow("Useafter Date", as_moment(file.useafter_at))
        yield RecordRow("Pedigree", text(file.pedigree))
        yield RecordRow("Aperture", text(file.aperture))
        # The catalogue keeps one descriptive text of a reference: DESCRIP of the header, or else COMMENT.
        yield RecordRow("Comment", text(file.comment))
        yield RecordRow("Descrip", text(file.comment))
        yield RecordRow("History", text(file.history))
    yield RecordRow("Author/Creator", text(file.creator))
    yield RecordRow("Deliverer", text(file.deliverer))
    if is_inside:
        yield RecordRow("Deliverer E-mail", file.deliverer_email or NOTHING)


def _flag(is_set: bool) -> str:
    return "true" if is_set else "false"


def _page_of(name: str) -> str:
    """Return the address of a file's page; empty for a text that is not a file name, as in old records."""
    return file_page(name) if name and " " not in name and "." in name and "/" not in name else ""
