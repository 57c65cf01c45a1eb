"""The links of datasets and files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath

from apps.bestrefs.associations import AssociatedReference, Association, associations
from apps.catalog.models import File
from apps.catalog.states import FileState
from apps.vo.addresses import ClientOrigin
from apps.vo.datalink.dataset_document import dataset_json
from apps.vo.datalink.identifiers import Identified, identify
from apps.vo.datalink.links_table import (
    CALIBRATION,
    DOCUMENTATION,
    RAW_TO_MASTER,
    RAW_TO_RAW,
    SIBLING,
    THIS,
    Link,
    failed,
)
from apps.vo.identity.reader import Reader
from apps.vo.tables.sql import MEDIA_TYPES, OTHER_MEDIA_TYPE

LINKS_TYPE = "application/x-votable+xml"


def links_of(
    texts: Sequence[str], context: Callable[[], str], *, reader: Reader, base: ClientOrigin
) -> list[Link]:
    """Return the links of identifiers: all rows of one are adjacent, in the order asked.

    Parameters
    ----------
    context
        Returns the name of the pmap; it is called only if a dataset is asked for.
    """
    known = identify(texts, reader)
    datasets = [each.local for each in known if each.local and each.file is None]
    found = associations(datasets, context()) if datasets else {}
    return [link for each in known for link in _links(each, found.get(each.local, []), base)]


def _links(known: Identified, found: Sequence[Association], base: ClientOrigin) -> Iterator[Link]:
    if known.problem:
        yield failed(known.sent, known.problem)
    elif known.file is not None:
        yield from file_links(known.sent, known.file, base)
    elif not found:
        yield failed(known.sent, f"NotFoundFault: there is no dataset or file {known.sent[:100]!r} here.")
    for association in found:
        yield from dataset_links(known.sent, association, base)


def file_links(sent: str, file: File, base: ClientOrigin) -> Iterator[Link]:
    """Yield the links of a reference or mapping: its bytes and its page."""
    yield Link(
        sent,
        THIS,
        _address_of(file, base),
        description=f"The {file.kind} {file.name}",
        content_type=media_type(file.name),
        content_length=file.size,
        is_restricted=file.state == FileState.UPLOADED,
        origfile=file.name,
        category=(file.filekind or PurePosixPath(file.name).suffix[1:]).upper(),
    )
    page = base.origin + file.get_absolute_url()
    yield Link(
        sent, DOCUMENTATION, page, description="All that is known of the file", content_type="text/html"
    )


def dataset_links(sent: str, association: Association, base: ClientOrigin) -> Iterator[Link]:
    """Yield the links of a dataset, in the order of vo-services, section 8."""
    dataset, context = association.dataset, association.context
    yield Link(
        sent,
        THIS,
        base.data(dataset),
        description="Matching parameters of the dataset",
        content_type="application/json",
        content_length=len(dataset_json(dataset, association.header)),
        origfile=f"{plain_name(dataset)}.json",
        category=association.category,
    )
    for semantics, mode in ((RAW_TO_RAW, "Raw2Raw"), (RAW_TO_MASTER, "Raw2Master")):
        address = base.query(
            "vo:associations", dp_id=dataset, mode=mode, responseformat="votable", context=context
        )
        words = f"Calibration association in the mode {mode}"
        yield Link(sent, semantics, address, description=words, content_type=LINKS_TYPE)
    yield from reference_links(sent, association, base)
    yield from sibling_links(sent, association, base)
    explained = base.query("vo:explain", dp_id=dataset, context=context)
    yield Link(
        sent,
        DOCUMENTATION,
        explained,
        description="How the references were chosen",
        content_type="text/plain",
    )


def reference_links(sent: str, association: Association, base: ClientOrigin) -> Iterator[Link]:
    """Yield a link for each best reference; types without one have none, as clients follow every row."""
    for each in association.found:
        yield _reference_link(sent, each, association, base)


def _reference_link(
    sent: str, each: AssociatedReference, association: Association, base: ClientOrigin
) -> Link:
    name, file = each.outcome.reference, each.file
    return Link(
        sent,
        CALIBRATION,
        _address_of(file, base) if file else base.folder("references") + name,
        description=f"Best reference of the type {each.reftype} under {association.context}",
        content_type=media_type(name),
        content_length=file.size if file else None,
        local_semantics=each.reftype,
        origfile=name,
        category=each.reftype.upper(),
        datalink=base.links(name),
    )


def sibling_links(sent: str, association: Association, base: ClientOrigin) -> Iterator[Link]:
    """Yield a link for each other exposure of the same product."""
    for sibling in association.siblings:
        yield Link(
            sent,
            SIBLING,
            base.data(sibling),
            description="Another exposure of the same product",
            content_type="application/json",
            origfile=f"{plain_name(sibling)}.json",
            category=association.category,
            datalink=base.links(sibling),
        )


def plain_name(dataset: str) -> str:
    """Return a dataset id as the stem of a file name: one half if both are equal.

    Examples
    --------
    >>> plain_name("A:A"), plain_name("LB4Q04010:LB4Q04ABQ")
    ('A', 'LB4Q04010_LB4Q04ABQ')
    """
    product, _, exposure = dataset.partition(":")
    return product if product == exposure else f"{product}_{exposure}"


def media_type(name: str) -> str:
    """Return the media type of a file from its name, as `crds.files` publishes it."""
    return MEDIA_TYPES.get(name.rpartition(".")[2], OTHER_MEDIA_TYPE)


def _address_of(file: File, base: ClientOrigin) -> str:
    """Return the address of a file's bytes at the origin that the client uses."""
    if file.state == FileState.UPLOADED:
        return base.data(file.name)  # Only there is the caller looked at.
    folder = "mappings" if file.kind == "mapping" else "references"
    return base.folder(folder) + file.name
