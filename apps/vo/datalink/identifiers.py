"""Identifiers in links: ``ivo://authority/observatory/ID?local``, or the local part alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from django.db.models import Q

from apps.catalog.models import File
from apps.catalog.queries import CHUNK
from apps.catalog.states import FileState
from apps.datasets.queries import find_id
from apps.rules.naming.file_names import is_file_name
from apps.vo.identity.reader import Reader
from apps.vo.tables.facts import did_prefix

MAX_LENGTH = 300  # characters
_IVO = re.compile(r"ivo://", re.IGNORECASE)


@dataclass(frozen=True)
class Identified:
    """The meaning of one identifier.

    Attributes
    ----------
    sent
        As it was sent, byte for byte.
    local
        A dataset id or a file name; empty if the identifier means nothing here.
    file
        The file of this name; None if there is none that the caller may see.
    problem
        The reason why it can mean nothing, beginning with ``UsageFault`` or ``NotFoundFault``; may be empty.
    """

    sent: str
    local: str = ""
    file: File | None = None
    problem: str = ""


def identify(texts: Sequence[str], reader: Reader) -> list[Identified]:
    """Return the meaning of each identifier, in the same order."""
    plain = [_plain(text) for text in texts]
    files = visible_files([each.local for each in plain if is_file_name(each.local)], reader)
    return [Identified(each.sent, each.local, files.get(each.local), each.problem) for each in plain]


def _plain(sent: str) -> Identified:
    text = sent.strip()
    if not text or len(text) > MAX_LENGTH:
        return Identified(sent, problem=f"UsageFault: an identifier has 1 to {MAX_LENGTH} characters.")
    if _IVO.match(text):
        authority, mark, local = text.partition("?")
        if not mark or f"{authority}?".lower() != did_prefix().lower():
            return Identified(
                sent, problem=f"NotFoundFault: {_shown(sent)} is not an identifier of this server."
            )
        text = unquote(local)
    if not is_file_name(text) and find_id(text) is None:
        return Identified(
            sent, problem=f"UsageFault: {_shown(sent)} is neither a dataset id nor a file name."
        )
    return Identified(sent, text)


def _shown(text: str) -> str:
    return repr(text[:100])


def visible_files(names: Sequence[str], reader: Reader) -> dict[str, File]:
    """Return those of the named files that the caller may see, by name."""
    rows = File.objects.all()
    if not reader.sees_all:
        mine = Q(deliverer=reader.name) if reader.name else Q(pk=None)
        rows = rows.filter(~Q(state=FileState.UPLOADED) | mine)
    wanted, found = sorted(set(names)), {}
    for start in range(0, len(wanted), CHUNK):
        found.update({file.name: file for file in rows.filter(name__in=wanted[start : start + CHUNK])})
    return found
