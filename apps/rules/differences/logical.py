"""The differences of two mappings in the words of the client.

Keys are compared as written and not as conditioned. If ``A|B`` became ``B|A``, one rule was deleted and one
was added, as in the client.

Notes
-----
Source: ``Mapping.difference`` in ``crds.core.rmap`` and ``Selector.difference`` in ``crds.core.selectors``;
website, section 4.5. The client leaves keys that Python counts as false, such as 0, out of the path. We keep
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any, Literal

from apps.rules.errors import MappingError
from apps.rules.naming.file_names import MAPPING_EXTENSIONS, is_file_name, is_mapping
from apps.rules.observatories import get_observatory
from apps.rules.text.header_fields import text_field
from apps.rules.text.parser import ParsedMapping, RawSelector, parse_mapping
from apps.rules.text.special_values import SPECIAL

# A change of `name`, `derived_from` or `sha1sum` is boilerplate: every new mapping has it.
Kind = Literal[
    "added",
    "added_rule",
    "deleted",
    "deleted_rule",
    "replaced",
    "other_selector",
    "other_parkeys",
    "header",
    "boilerplate",
]
_RULE_KINDS: Mapping[str, Kind] = {"added": "added_rule", "deleted": "deleted_rule"}
BOILERPLATE = frozenset(("name", "derived_from", "sha1sum"))

DATED = frozenset(("UseAfter", "ClosestTime"))

# The values of one key, and those of each level from the top.
Step = tuple[str, ...]
Steps = tuple[Step, ...]
Parkeys = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference.

    Attributes
    ----------
    path
        Its place: a value for each column of the table, empty if the row has no value there.
    text
        The difference in the words of the client.
    names
        Files that the text mentions, in its order. Each is between single quotes there.
    kind
        The kind of difference, for programs.
    steps
        The values of `path` by level, without the empty ones.
    """

    path: tuple[str, ...]
    text: str
    names: tuple[str, ...]
    kind: Kind
    steps: Steps


@dataclass(frozen=True, slots=True)
class Differences:
    """A table of all differences between two mappings.

    Attributes
    ----------
    old, new
        Names of the mappings.
    columns
        For an rmap, parkeys as the mappings name them, including useafter date and time. For a pmap or imap,
        the keyword of the instrument or reference type. If two rmaps name a parkey differently, both names
        are given.
    rows
        Deepest first and then by path, as the client sorts them. Changes of the headers are last.
    """

    old: str
    new: str
    columns: tuple[str, ...]
    rows: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    steps: Steps
    kind: Kind
    text: str
    names: tuple[str, ...] = ()


def logical_differences(
    old_text: str, new_text: str, *, old_name: str, new_name: str, observatory: str
) -> Differences:
    """Return the differences between two mappings of one level, without those of mappings below them.

    Parameters
    ----------
    old_text, new_text
        Whole texts. Checksums are not verified.
    old_name, new_name
        Names of the files, which may be the same. Their endings give the level.
    observatory
        Lower case name.

    Raises
    ------
    MappingError
        Raised if a text is not a mapping of this observatory, or if the mappings are of different levels.

    Notes
    -----
    The client does not compare two pmaps or imaps of the same name. We do.
    """
    level = require_one_level(old_name, new_name)
    old = _read(old_text, old_name, observatory)
    new = _read(new_text, new_name, observatory)
    old_parkeys, new_parkeys = _parkeys(old, old_name), _parkeys(new, new_name)
    if level == ".rmap":
        rules = _Rules(_Side(old_name, old_parkeys), _Side(new_name, new_parkeys))
        found = rules.compared(_selector(old, old_name), _selector(new, new_name))
    else:
        found = _of_lines(_lines(old, old_name), _lines(new, new_name))
    columns = _columns(old_parkeys, new_parkeys)
    ordered = sorted(chain(found, _of_headers(old.header, new.header)), key=_order)
    return Differences(old_name, new_name, tuple(chain(*columns)), tuple(_rows(ordered, columns)))


def require_one_level(old: str, new: str) -> str:
    """Return the ending that the names of two mappings share.

    Raises
    ------
    MappingError
        Raised if they share no ending, or if it is not that of a mapping.
    """
    for ending in MAPPING_EXTENSIONS:
        if old.endswith(ending) and new.endswith(ending):
            return ending
    raise MappingError(
        f"{old!r} and {new!r} cannot be compared: both must end in one of {', '.join(MAPPING_EXTENSIONS)}."
    )


def _read(text: str, name: str, observatory: str) -> ParsedMapping:
    parsed = parse_mapping(text.replace("\r\n", "\n").replace("\r", "\n"), name)
    wanted = get_observatory(observatory).name
    stated = parsed.header.get("observatory")
    if not isinstance(stated, str):
        raise MappingError(f"{name}: header field 'observatory' must be text.")
    if stated.lower() != wanted:
        raise MappingError(f"{name}: is a mapping of {stated!r} and not of {wanted!r}.")
    return parsed


def _parkeys(parsed: ParsedMapping, name: str) -> Parkeys:
    """Return the parkeys of each level."""
    levels = parsed.header.get("parkey")
    if not isinstance(levels, tuple | list):
        raise MappingError(f"{name}: header field 'parkey' must be a tuple.")
    return tuple(
        tuple(map(str, level)) if isinstance(level, tuple | list) else (str(level),) for level in levels
    )


def _selector(parsed: ParsedMapping, name: str) -> RawSelector:
    if not isinstance(parsed.selector, RawSelector):
        raise MappingError(f"{name}: the selector of a reference mapping must be a selector.")
    return parsed.selector


def _lines(parsed: ParsedMapping, name: str) -> dict[str, str]:
    """Return the lines of an imap or pmap by lower case key."""
    if not isinstance(parsed.selector, dict):
        raise MappingError(f"{name}: the selector of a context mapping must be a dictionary.")
    return {str(key).lower(): str(value) for key, value in parsed.selector.items()}


def _of_lines(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[_Found]:
    for key, value in old.items():
        if key not in new:
            yield _Found(((key,),), "deleted", f"deleted {value!r}", _names(value))
        elif value != new[key]:
            text = f"replaced {value!r} with {new[key]!r}"
            yield _Found(((key,),), "replaced", text, _names(value, new[key]))
    for key, value in new.items():
        if key not in old:
            yield _Found(((key,),), "added", f"added {value!r}", _names(value))


def _of_headers(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[_Found]:
    for key in {**old, **new}:
        kind: Kind = "boilerplate" if key in BOILERPLATE else "header"
        before, after = (_field(header, key) if key in header else None for header in (old, new))
        names = _names(*(value for value in (before, after) if isinstance(value, str) and is_mapping(value)))
        if key not in new:
            yield _Found((), kind, f"deleted header {key!r} = {before!r}", names)
        elif key not in old:
            yield _Found((), kind, f"header added {key!r} = {after!r}", names)
        elif before != after:
            yield _Found((), kind, f"header replaced {key!r} = {before!r} with {after!r}", names)


def _field(header: Mapping[str, Any], key: str) -> Any:
    """Return a field as the client reads it: text in lower case."""
    return text_field(header, key, "") if isinstance(header[key], str) else header[key]


@dataclass(frozen=True, slots=True)
class _Side:
    """Name and parkeys of one of two rmaps."""

    name: str
    parkeys: Parkeys

    def level(self, steps: Steps) -> tuple[str, ...]:
        """Return the parkeys of the selector below `steps`."""
        if len(steps) >= len(self.parkeys):
            raise MappingError(
                f"{self.name}: has parkeys for {len(self.parkeys)} levels of selectors and one below them."
            )
        return self.parkeys[len(steps)]

    def leaves(self, choice: Any, steps: Steps) -> Iterator[tuple[Steps, Any]]:
        """Yield the steps and the name of every file below a choice."""
        if not isinstance(choice, RawSelector):
            yield _shown(steps), choice
            return
        parkeys = self.level(steps)
        for key, below in choice.rows.items():
            yield from self.leaves(below, (*steps, _step(choice.kind, parkeys, key)))


@dataclass(frozen=True, slots=True)
class _Rules:
    """The comparison of the selectors of two rmaps, with their parkeys."""

    old: _Side
    new: _Side

    def compared(self, old: RawSelector, new: Any, steps: Steps = ()) -> Iterator[_Found]:
        """Yield the differences between a selector and the choice in the same place."""
        if not isinstance(new, RawSelector) or new.kind != old.kind:
            yield _Found(steps, "other_selector", f"different classes {old.kind} : {_class(new)}")
            return
        before, after = self.old.level(steps), self.new.level(steps)
        if before != after:
            # Two spaces, as in the client.
            yield _Found(steps, "other_parkeys", f"different parameter lists  {before!r} : {after!r}")
            return
        for key, choice in old.rows.items():
            here = (*steps, _step(old.kind, before, key))
            if key not in new.rows:
                yield from _whole("deleted", old.kind, choice, here, self.old)
            elif isinstance(choice, RawSelector):
                yield from self.compared(choice, new.rows[key], here)
            elif choice != new.rows[key]:
                yield self._replaced(choice, new.rows[key], here)
        for key, choice in new.rows.items():
            if key not in old.rows:
                yield from _whole("added", new.kind, choice, (*steps, _step(new.kind, after, key)), self.new)

    def _replaced(self, old: Any, new: Any, steps: Steps) -> _Found:
        replacement = repr(new)
        if isinstance(new, RawSelector):
            replacement = f"{new.kind}Selector({self.new.level(steps)!r}, nselections={len(new.rows)})"
        return _Found(_shown(steps), "replaced", f"replaced {old!r} with {replacement}", _names(old, new))


def _whole(
    change: Literal["added", "deleted"], selector: str, choice: Any, steps: Steps, side: _Side
) -> Iterator[_Found]:
    """Yield one row for each file below a key of `selector` that was added or deleted."""
    is_rule = isinstance(choice, RawSelector) or len(steps) == 1
    what = f"{selector} rule for" if is_rule else "terminal"
    kind = _RULE_KINDS[change] if is_rule else change
    for where, name in side.leaves(choice, steps):
        yield _Found(where, kind, f"{change} {what} {name!r}", _names(name))


def _step(selector: str, parkeys: tuple[str, ...], key: Any) -> Step:
    """Return the values of a key. For dates and versions of several parkeys, one text holds all values.

    Examples
    --------
    >>> _step("UseAfter", ("DATE-OBS", "TIME-OBS"), "2001-02-03 04:05:06")
    ('2001-02-03', '04:05:06')
    >>> _step("Match", ("DETECTOR",), "HRC")
    ('HRC',)
    """
    parts = key if isinstance(key, tuple) else (key,)
    if len(parkeys) > 1 and selector in DATED:
        parts = tuple(str(key).split())
    elif len(parkeys) > 1 and selector == "VersionAfter":
        parts = tuple(str(key).split("."))
    return tuple(map(str, parts[: len(parkeys)]))


def _shown(steps: Steps) -> Steps:
    """Return the steps to a file without the last one if its key is empty, as for a single file."""
    return steps if steps[-1] else steps[:-1]


def _class(choice: Any) -> str:
    if isinstance(choice, RawSelector):
        return choice.kind
    return "N/A" if choice == "N/A" else type(choice).__name__


def _names(*choices: Any) -> tuple[str, ...]:
    """Return the names of files among choices, also those inside tuples, lists and dictionaries."""
    names: list[str] = []
    for choice in choices:
        if isinstance(choice, str):
            names.append(choice)
        elif isinstance(choice, tuple | list | dict):
            names += _names(*(choice.values() if isinstance(choice, dict) else choice))
    return tuple(name for name in names if name not in SPECIAL and is_file_name(name))


def _order(found: _Found) -> tuple[int, Steps, str]:
    return -len(found.steps), found.steps, found.text


def _columns(old: Parkeys, new: Parkeys) -> list[tuple[str, ...]]:
    """Return the titles of the columns of each level."""
    return [
        tuple(_title(before, after) for before, after in zip_longest(*levels, fillvalue=""))
        for levels in zip_longest(old, new, fillvalue=())
    ]


def _title(old: str, new: str) -> str:
    return old if old == new else " / ".join(filter(None, (old, new)))


def _rows(found: Iterable[_Found], columns: list[tuple[str, ...]]) -> Iterator[Difference]:
    for each in found:
        levels = zip_longest(columns, each.steps, fillvalue=())
        path = chain.from_iterable((*step, *[""] * (len(level) - len(step))) for level, step in levels)
        yield Difference(tuple(path), each.text, each.names, each.kind, each.steps)
