"""The content of the page of a difference."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from apps.catalog.addresses import changes_page
from apps.core.tables import Table, exported
from apps.rules.differences import Hunk, pages_of
from apps.rules.errors import CrdsError
from apps.rules.naming.file_names import is_mapping
from apps.web.difference_pages import mapping_differences, reference_differences, tables
from apps.web.difference_pages.compared_files import Source, format_of
from apps.web.difference_pages.mapping_differences import CONTEXTS, Library
from apps.web.difference_pages.picture_views import pictures_address
from apps.web.difference_pages.requested_difference import RequestedDifference, address

LINES_OF_PART = 500  # rows of a text on one page
ROWS_OF_PANEL = 200  # of a table on a page of many mappings, which has no pages
LOWEST = ".rmap"


@dataclass(frozen=True)
class PanelLink:
    """One of several views of the same difference."""

    title: str
    address: str
    is_chosen: bool


@dataclass(frozen=True)
class Text:
    """The lines that differ, or the requested part of them.

    Attributes
    ----------
    part, parts
        The number of this part, and the number of all parts.
    previous, next
        Addresses of its neighbours, empty if there are none.
    """

    title: str
    hunks: list[Hunk]
    is_side: bool
    part: int = 1
    parts: int = 1
    previous: str = ""
    next: str = ""


@dataclass(frozen=True)
class DifferencePage:
    """Two files, and everything that a page shows of their differences."""

    old: Source
    new: Source
    choices: RequestedDifference

    @property
    def heading(self) -> str:
        """The names of the compared files."""
        return f"Difference {self.old.label} against {self.new.label}"

    @property
    def has_address(self) -> bool:
        """Return whether it has an address; a difference of uploaded files has none, as they are not kept."""
        return not (self.old.is_uploaded or self.new.is_uploaded)

    @property
    def is_same(self) -> bool:
        """Return whether both files have the same bytes."""
        return self.old.sha1sum == self.new.sha1sum

    @property
    def swapped(self) -> str:
        """The address of the difference with the files exchanged."""
        return address(self.new.name, self.old.name, replace(self.choices, part=1))

    def at(self, **changes: Any) -> str:
        """Return the address of another view of the difference."""
        return address(self.old.name, self.new.name, replace(self.choices, **changes))

    @property
    def views(self) -> list[PanelLink]:
        """One below another, or side by side."""
        return [
            PanelLink(title, self.at(is_side=is_side, part=1), is_side == self.choices.is_side)
            for title, is_side in (("Unified", False), ("Side by side", True))
        ]

    @property
    def arounds(self) -> list[PanelLink]:
        """The choices of how many equal lines to show around each change."""
        return [
            PanelLink(f"{lines} lines", self.at(around=lines, part=1), lines == self.choices.around)
            for lines in CONTEXTS
        ]

    @property
    def kept(self) -> dict[str, str]:
        """The parameters that links and forms of tables must repeat."""
        return {"file1": self.old.name, "file2": self.new.name, **self.choices.query}

    def text(self) -> Text:
        """Return the requested part of the lines; errors as `Source.text`."""
        found = mapping_differences.large_hunks_of(self.old, self.new, self.choices.around)
        parts = pages_of(found, LINES_OF_PART)
        part = min(max(1, self.choices.part), len(parts))
        return Text(
            title=f"Text Diff {(self.old.name, self.new.name)!r}",
            hunks=parts[part - 1],
            is_side=self.choices.is_side,
            part=part,
            parts=len(parts),
            previous=self.at(part=part - 1) if part > 1 else "",
            next=self.at(part=part + 1) if part < len(parts) else "",
        )


def answer(request: HttpRequest, shown: DifferencePage) -> HttpResponseBase | dict[str, Any]:
    """Return the content for the template, or the requested export.

    Raises
    ------
    InvalidInputError
        Raised if the files are of different formats.
    CrdsError
        Raised if they cannot be read or compared.
    """
    ending = format_of(shown.old, shown.new)
    if not is_mapping(shown.new.name):
        return _of_references(request, shown, ending)
    if ending == LOWEST or shown.choices.is_alone or shown.old.name == shown.new.name:
        return _of_pair(request, shown)
    return _of_contexts(request, shown)


def _of_pair(request: HttpRequest, shown: DifferencePage) -> HttpResponseBase | dict[str, Any]:
    found, problem = None, ""
    try:
        found = mapping_differences.large_table_of(shown.old, shown.new)
    except CrdsError as exc:
        problem = str(exc)  # The lines can still be compared.
    table = tables.logical_table(found, request.GET, shown.kept) if found else None
    if table is not None and shown.has_address and (export := exported(request, table)):
        return export
    pair = {
        "title": f"Logical Diff {(shown.old.name, shown.new.name)!r}",
        "table": table,
        "problem": problem,
        "counts": mapping_differences.counts_of(shown.old, shown.new),
        "columns": found.columns if found else (),
        "rows": found.rows[:ROWS_OF_PANEL] if found else (),
        "hidden": max(0, len(found.rows) - ROWS_OF_PANEL) if found else 0,
    }
    return {"pair": pair, "text": shown.text()}


def _of_contexts(request: HttpRequest, shown: DifferencePage) -> HttpResponseBase | dict[str, Any]:
    library = Library(shown.old, shown.new)
    if shown.has_address and _wants_export(request):
        table = tables.overall_table(mapping_differences.exported_rows(library), request.GET)
        if export := exported(request, table):
            return export
    panels = [_panel(shown, panel) for panel in mapping_differences.panels(library)]
    return {
        "panels": panels,
        "changes": _changes(shown),
        "exports": [(name.upper(), f"{shown.at()}&format={name}") for name in ("csv", "json")],
    }


def _changes(shown: DifferencePage) -> str:
    """Return the address of the references that changed; empty unless both are contexts of the catalogue."""
    is_context = shown.has_address and shown.new.name.endswith(".pmap")
    return changes_page(shown.old.name, shown.new.name) if is_context else ""


def _wants_export(request: HttpRequest) -> bool:
    """Return whether all tables must be made; a browser that accepts any type does not ask for an export."""
    return "format" in request.GET or not request.accepts("text/html")


def _panel(shown: DifferencePage, panel: mapping_differences.Panel) -> dict[str, Any]:
    """Return one changed mapping for the template."""
    titles = repr((panel.old, panel.new))
    is_of_page = (panel.old, panel.new) == (shown.old.name, shown.new.name)
    choices = RequestedDifference(is_side=shown.choices.is_side, is_alone=not panel.new.endswith(LOWEST))
    has_page = panel.is_pair and (shown.has_address or not is_of_page)
    return {
        "panel": panel,
        "rows": panel.table.rows[:ROWS_OF_PANEL] if panel.table else (),
        "logical": f"Logical Diff {titles}",
        "address": address(panel.old, panel.new, choices) if has_page else "",
        "text": Text(f"Text Diff {titles}", list(panel.hunks), shown.choices.is_side),
    }


def _of_references(
    request: HttpRequest, shown: DifferencePage, ending: str
) -> HttpResponseBase | dict[str, Any]:
    reference_differences.require_comparable(ending)
    sections = reference_differences.sections_of(shown.old, shown.new)
    numbered = enumerate(sections, 1)
    parts = [(section, _section(section, number, request.GET, shown)) for number, section in numbered]
    for _section_of, table in parts:
        if table is not None and shown.has_address and (export := exported(request, table)):
            return export
    has_lines = reference_differences.has_lines(shown.old, shown.new, ending)
    pictures = pictures_address(shown.old.name, shown.new.name) if shown.has_address else ""
    return {
        "sections": parts,
        "is_reference": True,
        "pictures": pictures,
        "text": shown.text() if has_lines else None,
    }


def _section(section: Any, number: int, sent: Mapping[str, str], shown: DifferencePage) -> Table | None:
    return tables.section_table(section, number, sent, shown.kept) if section.columns else None
