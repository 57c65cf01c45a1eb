"""The association of a dataset as a tree. It has no XML namespace: clients look for the bare names."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from apps.bestrefs.associations import AssociatedReference, Association, details
from apps.bestrefs.states import Outcome
from apps.vo.datalink.links import plain_name
from apps.vo.writers.xml_text import attributes, escape

MEDIA_TYPE = "application/xml;content=calselector"
MODE = "Raw2Master"  # What is executed whatever was asked for: there are no raw calibration frames here.
NO_RAW_FRAMES = (
    "Raw2Raw was asked for; this server holds no raw calibration frames, so the answer is that of Raw2Master."
)


@dataclass(frozen=True)
class Tree:
    """One document with the name under which it is saved."""

    file_name: str
    body: str


def tree_of(association: Association, *, mode: str) -> Tree:
    """Return the tree of a dataset."""
    found = details(association)
    rows = "".join(
        _type(each, found.get(each.reftype, ("", "")), association)
        for each in association.references
        if each.outcome.status != Outcome.NOT_APPLICABLE
    )
    start = attributes(
        category=association.category,
        certified=word(association.is_certified),
        complete=word(association.is_complete),
        mode=MODE,
        type="main",
        context=association.context,
    )
    messages = [*association.messages, *notes(mode)]
    main = _file(association.category, association.dataset)
    body = _association(start, main, messages, rows)
    return Tree(f"{plain_name(association.dataset)}_raw2master.xml", _HEAD + body)


def missing_tree(text: str, *, context: str) -> Tree:
    """Return the tree of an unknown dataset among known ones."""
    start = attributes(
        category="UNKNOWN", certified="false", complete="false", mode=MODE, type="main", context=context
    )
    body = _association(start, "", [f"NotFoundFault: there is no dataset {text[:100]!r} here."], "")
    return Tree(f"{_plain(text)}_raw2master.xml", _HEAD + body)


def notes(mode: str) -> list[str]:
    """Return the remarks on a mode that is not the one that was asked for."""
    return [NO_RAW_FRAMES] if mode == "Raw2Raw" else []


def word(value: bool) -> str:
    """Return a flag as clients read it."""
    return "true" if value else "false"


def multipart(trees: Sequence[Tree]) -> tuple[str, bytes]:
    """Return the content type and the body of several trees in one answer."""
    boundary = hashlib.sha256("".join(tree.body for tree in trees).encode()).hexdigest()[:32]
    parts = [
        f'--{boundary}\r\nContent-Disposition: attachment; filename="{tree.file_name}"\r\n'
        f"Content-Type: {MEDIA_TYPE}\r\n\r\n{tree.body}\r\n"
        for tree in trees
    ]
    return f'multipart/form-data; boundary="{boundary}"', ("".join(parts) + f"--{boundary}--\r\n").encode()


_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def _type(each: AssociatedReference, found: tuple[str, str], association: Association) -> str:
    mapping, useafter = found
    is_found = each.outcome.status == Outcome.FOUND
    start = attributes(
        category=each.reftype.upper(),
        certified=word(association.was_latest and is_found and not each.is_bad),
        complete=word(is_found),
        match="calib_plan" if is_found else "N/A",
        type="main",
        mapping=mapping,
        useafter=useafter.replace(" ", "T"),
    )
    messages = [f"{each.outcome.reference} is marked bad."] if each.is_bad else []
    messages += [] if is_found else [each.outcome.message]
    main = _file(each.reftype.upper(), each.outcome.reference) if is_found else ""
    return _association(start, main, messages, "")


def _association(start: str, main: str, messages: Sequence[str], below: str) -> str:
    elements = "".join(f"<message>{escape(message)}</message>\n" for message in messages)
    return (
        f"<association{start}>\n<mainFiles>\n{main}</mainFiles>\n<messages>\n{elements}</messages>\n"
        f"<associatedFiles>\n{below}</associatedFiles>\n</association>\n"
    )


def _file(category: str, name: str) -> str:
    return f"<file{attributes(category=category, name=name)}/>\n"


def _plain(text: str) -> str:
    return "".join(each if each.isascii() and (each.isalnum() or each in "._-") else "_" for each in text)[
        :100
    ]
