"""Everything that the page of one file shows (website, section 6.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse

from apps.bestrefs.reference_uses import ReferenceUse
from apps.bestrefs.reference_uses import uses_of as dataset_uses
from apps.catalog import queries as catalog
from apps.catalog.models import File
from apps.catalog.reading import require_present
from apps.catalog.states import FileKind, FileState
from apps.certify.constraints import ConstraintFile, constraints_of
from apps.contexts import queries as contexts
from apps.contexts.mapping_uses import Uses, uses_of
from apps.contexts.models import Pointer
from apps.contexts.rules_of_reference import Lookup, lookups_of
from apps.core.bucket import BucketError
from apps.core.outages import BUCKET
from apps.core.tables import CellPart, Table
from apps.rules.errors import CrdsError
from apps.web.activity import history_of
from apps.web.file_pages.bad_mark import BadMark, find_mark
from apps.web.file_pages.catalog_record import RecordRow, record
from apps.web.file_pages.mapping_text import Contents, contents_of
from apps.web.file_pages.quick_look import Inside, look_of
from apps.web.file_pages.recertification import Recertification, find_check
from apps.web.file_pages.validity import Validity, sentence, validity_of
from apps.web.file_pages.wording import look_of_status, short_size, status_of

_MOST_PATHS = 500  # match paths of one rmap that the page shows


@dataclass(frozen=True, slots=True)
class Paths:
    """The match paths of one reference in one rmap of a context.

    Attributes
    ----------
    titles
        Headings of the columns: short names of the parkeys, including the useafter date.
    rows
        Values, one for each heading.
    count
        Number of all rows; `rows` holds the first of them.
    """

    rmap: str
    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    count: int


@dataclass(frozen=True, slots=True)
class ContextLookups:
    """The match paths of a reference in a context in use.

    Attributes
    ----------
    pointers
        What the context is: latest, edit, or both.
    problem
        Why the paths cannot be found; empty if they can.
    """

    pointers: str
    context: str
    paths: tuple[Paths, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Details:
    """The content of the page of a file.

    Attributes
    ----------
    rows
        The first table of the page.
    contents, inside
        `contents` is set for a mapping and `inside` for a reference; the other is None.
    datasets
        The datasets that use a reference, counted for each context in use.
    siblings
        Mappings to compare with, newest first; the page offers `predecessor` first.
    successors
        Files that were derived from this one.
    problem
        Why its bytes are not available; empty if they are.
    validity
        When a reference applies under the latest context; None for mappings, and for those it does not use.
    sentence
        What a reference is for and since when, with links; empty for mappings.
    mark
        Who marked it bad, when and why; None if it is not bad or nothing is recorded.
    """

    file: File
    status: str
    look: str
    size: str
    rows: list[RecordRow]
    actions: Table
    uses: Uses
    contents: Contents | None
    inside: Inside | None
    siblings: list[str]
    predecessor: str
    successors: list[str]
    lookups: list[ContextLookups]
    datasets: list[ReferenceUse]
    check: Recertification | None
    constraints: tuple[ConstraintFile, ...]
    commands: list[tuple[str, str]]
    download: str
    problem: str
    validity: Validity | None
    sentence: list[CellPart]
    mark: BadMark | None

    @property
    def is_mapping(self) -> bool:
        """Return whether it is a mapping."""
        return self.file.kind == FileKind.MAPPING

    @property
    def is_context(self) -> bool:
        """Return whether it is a context, whose rules have a table on a page of their own."""
        return self.file.name.endswith(".pmap")

    @property
    def users(self) -> list[tuple[str, list[str]]]:
        """The mappings that use it, newest first, under headings."""
        groups = [("Named by", list(self.uses.direct))]
        for title, extension in (("Imaps above them", ".imap"), ("Contexts above them", ".pmap")):
            groups.append((title, [name for name in self.uses.indirect if name.endswith(extension)]))
        return [(title, names) for title, names in groups if names]


def details(file: File, sent: Mapping[str, str], *, user: str) -> Details:
    """Return the content of the page; the address may ask for more of one part.

    Parameters
    ----------
    user
        Account that looks at it; empty for somebody who has not logged in.
    """
    is_mapping = file.kind == FileKind.MAPPING
    uses = uses_of(file)
    siblings = catalog.siblings_of(file.name) if is_mapping else []
    validity = None if is_mapping else validity_of(file.name, uses.direct)
    status = status_of(file)
    return Details(
        file=file,
        status=status,
        look=look_of_status(status),
        size=short_size(file.size) if file.size is not None else "",
        rows=record(file, is_inside=bool(user)),
        actions=history_of(file.name, sent, anchor="past-actions"),
        uses=uses,
        contents=contents_of(file, is_whole=sent.get("contents") == "all") if is_mapping else None,
        inside=None if is_mapping else look_of(file, sent, user=user),
        siblings=siblings,
        predecessor=predecessor_of(file, siblings),
        successors=successors_of(file),
        lookups=[] if is_mapping else _lookups(file.name, uses),
        datasets=[] if is_mapping else dataset_uses(file.name, file.instrument),
        check=None if is_mapping else find_check(file),
        constraints=_constraints(file),
        commands=_commands(file),
        download=reverse("distribution:file", args=[f"{file.kind}s", settings.OBSERVATORY, file.name]),
        problem=_problem(file),
        validity=validity,
        sentence=[] if is_mapping else sentence(file, validity),
        mark=find_mark(file) if file.is_bad else None,
    )


def predecessor_of(file: File, siblings: list[str]) -> str:
    """Return the sibling that a mapping was made from, or the one before it, or any; empty if it has none."""
    if file.derived_from in siblings:
        return file.derived_from
    earlier = [name for name in siblings if name < file.name]
    return max(earlier) if earlier else next(iter(siblings), "")


def successors_of(file: File) -> list[str]:
    """Return the official files of its type that were derived from a file, newest first."""
    of_type = File.objects.filter(kind=file.kind, instrument=file.instrument, filekind=file.filekind)
    rows = of_type.filter(derived_from=file.name).exclude(state=FileState.UPLOADED)
    return list(rows.order_by("-delivered_at", "-name").values_list("name", flat=True)[:20])


def _lookups(reference: str, uses: Uses) -> list[ContextLookups]:
    pointed: dict[str, list[str]] = {}
    for pointer in (Pointer.LATEST, Pointer.EDIT):
        if context := contexts.find_pointed(pointer):
            pointed.setdefault(context, []).append(pointer.value)
    return [_lookups_in(context, " and ".join(words), reference, uses) for context, words in pointed.items()]


def _lookups_in(context: str, pointers: str, reference: str, uses: Uses) -> ContextLookups:
    try:
        found = lookups_of(reference, context, rmaps=uses.direct)
    except CrdsError as exc:
        return ContextLookups(pointers, context, problem=str(exc))
    return ContextLookups(pointers, context, tuple(map(_paths, found)))


def _paths(lookup: Lookup) -> Paths:
    rows = tuple(row.values for row in lookup.listing.rows[:_MOST_PATHS])
    titles = tuple(key.title for key in lookup.listing.keys)
    return Paths(lookup.rmap, titles, rows, len(lookup.listing.rows))


def _constraints(file: File) -> tuple[ConstraintFile, ...]:
    if file.kind == FileKind.MAPPING:
        return ()
    return constraints_of(settings.OBSERVATORY, file.instrument, file.filekind)


def _commands(file: File) -> list[tuple[str, str]]:
    """Return useful commands for a file, each with its purpose."""
    return [
        ("Fetch it into your cache", f"crds sync --files {file.name}"),
        ("Check it", f"crds certify {file.name}"),
        *(
            [("Compare your copy", f"echo '{file.sha1sum}  {file.name}' | sha1sum -c")]
            if file.sha1sum
            else []
        ),
    ]


def _problem(file: File) -> str:
    try:
        require_present(file)
    except CrdsError as exc:
        return str(exc)
    except BucketError:
        return BUCKET.text
    return ""


def as_json(page: Details) -> dict[str, Any]:
    """Return the page for programs: its first table by label, the uses and the match paths."""
    return {
        "name": page.file.name,
        "record": {row.label: row.value for row in page.rows},
        "used_by": {"direct": page.uses.direct, "indirect": page.uses.indirect},
        "successors": page.successors,
        "datasets": [
            {
                "pointer": use.pointer,
                "context": use.context,
                "count": use.count,
                "is_more": use.is_more,
                "gaps": use.gaps,
            }
            for use in page.datasets
        ],
        "lookups": [
            {
                "context": lookup.context,
                "rmap": paths.rmap,
                "paths": [dict(zip(paths.titles, row, strict=True)) for row in paths.rows],
            }
            for lookup in page.lookups
            for paths in lookup.paths
        ],
    }
