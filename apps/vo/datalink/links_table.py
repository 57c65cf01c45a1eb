"""The table of links: its columns, its rows and its document (DataLink 1.1, section 3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apps.vo.addresses import ClientOrigin
from apps.vo.adql.result_columns import ResultColumn
from apps.vo.tables.columns import FieldFacts, ValueKind
from apps.vo.tap.service_descriptor import LINKS_ID, self_descriptor
from apps.vo.writers import votable
from apps.vo.writers.xml_text import ascii_only, escape

MEDIA_TYPE = "application/x-votable+xml;content=datalink"
MAX_IDS = 200

_ESO = "http://archive.eso.org/rdf/datalink/eso#"
THIS, CALIBRATION, DOCUMENTATION = "#this", "#calibration", "#documentation"
RAW_TO_RAW = f"{_ESO}calSelector_raw2raw"
RAW_TO_MASTER = f"{_ESO}calSelector_raw2master"
SIBLING = f"{_ESO}sibling_raw"

_TEXT = ValueKind.TEXT
# Name, kind, UCD, unit and description.
_FIELDS: tuple[tuple[str, ValueKind, str, str, str], ...] = (
    ("ID", _TEXT, "meta.id;meta.main", "", "Identifier as it was sent"),
    ("access_url", _TEXT, "meta.ref.url", "", "Address of the data"),
    ("service_def", _TEXT, "meta.ref", "", "Descriptor of a service"),
    ("error_message", _TEXT, "meta.code.error", "", "Reason why there is no link"),
    ("semantics", _TEXT, "meta.code", "", "Meaning of the link"),
    ("description", _TEXT, "meta.note", "", "Description of the link"),
    ("content_type", _TEXT, "meta.code.mime", "", "Media type of the data"),
    ("content_length", ValueKind.LONG, "phys.size;meta.file", "byte", "Size of the data"),
    ("content_qualifier", _TEXT, "", "", "Nature of the data"),
    ("local_semantics", _TEXT, "meta.id.assoc", "", "Reference type"),
    ("link_auth", _TEXT, "meta.code", "", "Whether a login is needed: false, optional or true"),
    ("link_authorized", ValueKind.SHORT, "meta.code", "", "Whether the caller may follow the link"),
    ("eso_origfile", _TEXT, "meta.id;meta.file", "", "Name of the file"),
    ("eso_category", _TEXT, "meta.code.class", "", "Category of the data"),
    ("eso_datalink", _TEXT, "meta.ref.url", "", "Links of the file"),
)
COLUMNS = tuple(
    ResultColumn(name, FieldFacts(kind, description, ucd, unit))
    for name, kind, ucd, unit, description in _FIELDS
)


@dataclass(frozen=True)
class Link:
    """One row. Exactly one of `access_url` and `error` is filled."""

    id: str
    semantics: str
    access_url: str = ""
    error: str = ""
    description: str = ""
    content_type: str = ""
    content_length: int | None = None
    local_semantics: str = ""
    is_restricted: bool = False
    origfile: str = ""
    category: str = ""
    datalink: str = ""

    def cells(self) -> tuple[str, ...]:
        """Return the texts of the row, in the order of `COLUMNS`."""
        return (
            self.id,
            self.access_url,
            "",
            self.error,
            self.semantics,
            self.description,
            self.content_type,
            "" if self.content_length is None else str(self.content_length),
            "",
            self.local_semantics,
            "true" if self.is_restricted else "false",
            "true",
            self.origfile,
            self.category,
            self.datalink,
        )


def failed(id: str, problem: str) -> Link:
    """Return the row of an identifier without links."""
    return Link(id, THIS, error=problem)


def document(links: Iterable[Link], base: ClientOrigin, *, is_cut: bool = False) -> str:
    """Return the VOTable of links, with the description of the service itself.

    Parameters
    ----------
    is_cut
        Whether more identifiers were asked for than are answered.
    """
    rows = "".join(_row(link.cells()) for link in links)
    end = votable.info("QUERY_STATUS", "OVERFLOW") if is_cut else ""
    return (
        f'{votable.HEAD}<RESOURCE type="results">\n{votable.info("QUERY_STATUS", "OK")}'
        f"{votable.info('standardID', LINKS_ID)}<TABLE>\n{_fields()}<DATA>\n<TABLEDATA>\n{rows}"
        f"</TABLEDATA>\n</DATA>\n</TABLE>\n{end}</RESOURCE>\n{self_descriptor(base)}{votable.END}"
    )


def _fields() -> str:
    shown = "".join(votable.field(column.name, column.facts, id=column.name) for column in COLUMNS)
    # The only boolean of all our documents.
    return shown.replace(
        'name="link_authorized" datatype="short"', 'name="link_authorized" datatype="boolean"'
    )


def _row(cells: Sequence[str]) -> str:
    texts = "</TD><TD>".join(escape(ascii_only(cell)) for cell in cells)
    return f"<TR><TD>{texts}</TD></TR>\n"
