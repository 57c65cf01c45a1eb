"""What the text of a mapping tells about other files, by a quick look.

The look fills descriptive columns and finds what a bad mapping taints. It is no parser: answers are computed
by the engine in `rules`, which reads the text properly.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_FIELD = re.compile(r"""^\s*['"](\w+)['"]\s*:\s*['"]([^'"\n]{0,255})['"]""", re.MULTILINE)
_SELECTOR = re.compile(r"^selector\b", re.MULTILINE)
_CHILD = re.compile(r"""['"](?:[\w./-]*/)?([\w.-]+\.[ir]map)['"]""")
_REFERENCE = re.compile(
    r"""(?:['"](\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)['"]\s*:\s*)?"""
    r"""['"]([A-Za-z0-9._-]+\.(?:fits|asdf|json|yaml|text|r\dh))['"]"""
)


@dataclass(frozen=True, slots=True)
class Look:
    """What one mapping tells: header fields in lower-case words, mappings and references it names.

    Attributes
    ----------
    references
        Name and useafter date as written, empty where none stands before the name.
    """

    instrument: str
    filekind: str
    derived_from: str
    description: str
    children: tuple[str, ...]
    references: tuple[tuple[str, str], ...]


def look(text: str, *, is_rmap: bool) -> Look:
    """Return what a mapping tells about itself and the files it names.

    Examples
    --------
    >>> look("selector = {'idctab': 'old/hst_acs_idctab.rmap'}", is_rmap=False).children
    ('hst_acs_idctab.rmap',)
    """
    head, body = (*_SELECTOR.split(text, maxsplit=1), "")[:2]
    fields = dict(_FIELD.findall(head))
    return Look(
        instrument=fields.get("instrument", "").lower(),
        filekind=fields.get("filekind", "").lower(),
        derived_from=fields.get("derived_from", ""),
        description=fields.get("description", ""),
        children=() if is_rmap else tuple(_CHILD.findall(body)),
        references=tuple((name, date) for date, name in _REFERENCE.findall(body)) if is_rmap else (),
    )


def tainted(bad: Iterable[str], children: dict[str, tuple[str, ...]]) -> set[str]:
    """Return every mapping that names one of `bad`, directly or through another.

    Examples
    --------
    >>> sorted(tainted(["r.rmap"], {"p.pmap": ("i.imap",), "i.imap": ("r.rmap",), "q.pmap": ()}))
    ['i.imap', 'p.pmap']
    """
    parents: dict[str, list[str]] = {}
    for parent, names in children.items():
        for name in names:
            parents.setdefault(name, []).append(parent)
    found: set[str] = set()
    waiting = list(bad)
    while waiting:
        above = [parent for parent in parents.get(waiting.pop(), []) if parent not in found]
        found.update(above)
        waiting.extend(above)
    return found
