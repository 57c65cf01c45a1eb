"""Hits of a search, in groups of one kind."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hit:
    """A hit.

    Attributes
    ----------
    kind
        ``file``, ``context``, ``instrument``, ``type``, ``value``, ``dataset``, ``programme``, ``time``,
        ``person`` or ``submission``.
    title, detail
        Its name, and the facts that distinguish it from others.
    badge
        A word for an unusual state, or empty.
    """

    kind: str
    title: str
    detail: str
    address: str
    badge: str = ""


@dataclass(frozen=True, slots=True)
class HitGroup:
    """The hits of one kind.

    Attributes
    ----------
    has_more
        Whether there are more hits than these.
    more
        Address of the list of all of them, or empty.
    """

    title: str
    hits: tuple[Hit, ...]
    has_more: bool = False
    more: str = ""


def group(title: str, hits: Iterable[Hit], most: int, more: str = "") -> HitGroup:
    """Return the first `most` of some hits.

    Parameters
    ----------
    more
        Address of the list of all of them, shown if there are more.
    """
    known = list(hits)
    has_more = len(known) > most
    return HitGroup(title, tuple(known[:most]), has_more, more if has_more else "")
