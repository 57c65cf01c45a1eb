"""A fast reader of the files that the text of a mapping names, used once, when the mapping is stored.

It is exact. It reads texts of the plain shape that most mappings have, and leaves all others to the parser
of `rules`, which takes six times as long. Best references are never computed from it.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from apps.rules.errors import MappingError
from apps.rules.text.parser import RawSelector, parse_mapping
from apps.rules.text.special_values import SPECIAL

LONGEST_NAME = 128  # characters of a file name

_FIELD = re.compile(r"""^\s*['"](\w+)['"]\s*:\s*['"]([^'"\n]{0,255})['"]""", re.MULTILINE)
_SELECTOR = re.compile(r"^selector\b", re.MULTILINE)
_LINE = r"""\s*+(?:'[^'\\\n]*+'|"[^"\\\n]*+")\s*+:\s*+(?:'[^'\\\n]*+'|"[^"\\\n]*+")\s*+"""
# Atomic, as possessive groups have a fault in Python 3.11.2; see `apps.rules.text.parser`.
_PLAIN_CONTEXT = re.compile(rf"\s*+=\s*+\{{(?>(?:{_LINE},)*)(?:{_LINE})?\s*+\}}\s*+")
# A plain rmap has no comments, escapes, texts of several lines, lists of choices, or other sections.
_ODD_SIGNS = ("#", "\\", "'''", '"""', "\0")
_ODD_SHAPES = re.compile(r":\s*[(\[]|\n[a-z]")
_DATE = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d")
_CHOICE = re.compile(rf"""(?:['"]({_DATE.pattern})['"]\s*)?:\s*['"]([^'"\n]+)['"]""")


@dataclass(frozen=True, slots=True)
class Named:
    """The files that one mapping names, and the fields that lead to a similar older mapping.

    Attributes
    ----------
    children, references
        Mappings of a pmap or imap, each once; references of an rmap, as often as it names them.
    """

    instrument: str
    filekind: str
    derived_from: str
    children: tuple[str, ...]
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MappingFacts:
    """The header fields of one mapping, in lower case, and the mappings and references it names.

    Attributes
    ----------
    references
        Name and useafter date as written; the date is empty where none precedes the name.
    """

    instrument: str
    filekind: str
    derived_from: str
    description: str
    children: tuple[str, ...]
    references: tuple[tuple[str, str], ...]

    @property
    def named(self) -> Named:
        """The files it names, without dates."""
        references = tuple(name for name, _date in self.references)
        return Named(self.instrument, self.filekind, self.derived_from, self.children, references)


def look(text: str, *, is_rmap: bool) -> MappingFacts:
    """Return the header fields of a mapping and the files it names, without their directories.

    Raises
    ------
    MappingError
        Raised if the text is not a mapping.

    Examples
    --------
    >>> look("selector = {'dark': 'old/keckao_liger_dark.rmap'}", is_rmap=False).children
    ('keckao_liger_dark.rmap',)
    """
    head, body = (*_SELECTOR.split(text, maxsplit=1), "")[:2]
    fields = dict(_FIELD.findall(head))
    references = _references(text, body) if is_rmap else ()
    return MappingFacts(
        instrument=fields.get("instrument", "").lower(),
        filekind=fields.get("filekind", "").lower(),
        derived_from=fields.get("derived_from", ""),
        description=fields.get("description", ""),
        children=() if is_rmap else _children(text, body),
        references=tuple((_base(value), date) for value, date in references if _is_name(value)),
    )


def _children(text: str, body: str) -> tuple[str, ...]:
    if _PLAIN_CONTEXT.fullmatch(body):
        values = [value for _date, value in _CHOICE.findall(body)]
    else:
        selector = parse_mapping(text, "mapping").selector
        if not isinstance(selector, dict):
            raise MappingError("The mapping has the selector of an rmap.")
        values = [str(value) for value in selector.values()]
    return tuple(dict.fromkeys(_base(value) for value in values if _is_name(value)))


def _references(text: str, body: str) -> list[tuple[str, str]]:
    """Return the values in the selectors of an rmap, each with the useafter date before it, if it has one."""
    if body and not any(sign in body for sign in _ODD_SIGNS) and not _ODD_SHAPES.search(body):
        return [(value, date) for date, value in _CHOICE.findall(body)]
    return list(_leaves(parse_mapping(text, "mapping").selector, ""))


def _leaves(choice: Any, key: Any) -> Iterator[tuple[str, str]]:
    if isinstance(choice, str):
        yield choice, key if isinstance(key, str) and _DATE.fullmatch(key) else ""
    elif isinstance(choice, RawSelector | dict):
        for below, value in (choice.rows if isinstance(choice, RawSelector) else choice).items():
            yield from _leaves(value, below)
    elif isinstance(choice, tuple | list):
        for value in choice:
            yield from _leaves(value, key)


def _is_name(value: str) -> bool:
    """Return whether a value may be a file name: it is not a special value, and it is not too long."""
    return value not in SPECIAL and len(value) <= LONGEST_NAME


def _base(value: str) -> str:
    """Return a name without the directory that a few old mappings give."""
    return posixpath.basename(value) if "/" in value else value
