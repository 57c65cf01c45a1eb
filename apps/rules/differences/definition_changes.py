"""Changes of a definition that rules and files in use would not survive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from apps.rules.observatories.definition import DefinedType, Definition

Place = tuple[str, str]  # instrument and reference type

# What every rule of an observatory hangs on.
_FIXED = ("name", "instrument_key", "useafter_keys")


def broken_by(old: Definition, new: Definition) -> list[str]:
    """Return what a new definition breaks for rules and files in use, in sentences for people.

    It is empty if the new definition only adds something.
    """
    before, after = _places(old), _places(new)
    return [*_fixed(old, new), *_removed(before, after), *_changed(before, after), *_narrowed(old, new)]


def _places(definition: Definition) -> dict[Place, DefinedType]:
    return {
        (instrument.name, kind.name): kind
        for instrument in definition.instruments.values()
        for kind in instrument.types.values()
    }


def _fixed(old: Definition, new: Definition) -> Iterator[str]:
    for key in _FIXED:
        before, after = getattr(old, key), getattr(new, key)
        if before != after:
            yield f"{key} was {_shown(before)} and would be {_shown(after)}: every rule names it."


def _removed(before: dict[Place, DefinedType], after: dict[Place, DefinedType]) -> Iterator[str]:
    for instrument, kind in before:
        if (instrument, kind) not in after:
            yield f"{instrument} {kind} would be unknown: the rules have an rmap for it."


def _changed(before: dict[Place, DefinedType], after: dict[Place, DefinedType]) -> Iterator[str]:
    for place in before:
        if place not in after:
            continue
        for key in ("match", "select", "extension", "suffix"):
            old, new = getattr(before[place], key), getattr(after[place], key)
            if old != new:
                yield (
                    f"{' '.join(place)}: {key} was {_shown(old)} and would be {_shown(new)}; the rmap that "
                    "exists keeps the old one until somebody delivers another rmap."
                )


def _narrowed(old: Definition, new: Definition) -> Iterator[str]:
    """Yield the values that references may no longer have."""
    for place, keys in _matched(new):
        for key in keys:
            if place not in _places(old):
                continue
            before = old.vocabulary(*place, key).values
            after = new.vocabulary(*place, key).values
            lost = [value for value in before if value not in after] if after else []
            if lost:
                yield f"{' '.join(place)}: {key} would no longer be {', '.join(lost)}."


def _matched(definition: Definition) -> Iterator[tuple[Place, tuple[str, ...]]]:
    for place, kind in _places(definition).items():
        yield place, kind.match


def _shown(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def changes_between(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return what differs between the plain values of two definitions, in sentences for people.

    Examples
    --------
    >>> changes_between({"FILTER": {"values": ["J"]}}, {"FILTER": {"values": ["H"]}})
    ['FILTER: H is new.', 'FILTER: J is gone.']
    """
    return list(_changes(old, new, ()))


def _changes(old: Any, new: Any, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            yield from _changes(old.get(key), new.get(key), path if key == "values" else (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        yield from (f"{'.'.join(path)}: {item} is new." for item in new if item not in old)
        yield from (f"{'.'.join(path)}: {item} is gone." for item in old if item not in new)
        if old != new and sorted(map(str, old)) == sorted(map(str, new)):
            yield f"{'.'.join(path)} has another order."
    elif old is None and new is not None:
        yield f"{'.'.join(path)} is new: {_told(new)}."
    elif new is None and old is not None:
        yield f"{'.'.join(path)} is gone."
    elif old != new:
        yield f"{'.'.join(path)}: {_told(old)} became {_told(new)}."


def _told(value: Any) -> str:
    """Return a value for people, in one line of moderate length."""
    if isinstance(value, Mapping):
        text = "; ".join(f"{key} {_told(item)}" for key, item in value.items())
    else:
        text = ", ".join(map(str, value)) or "nothing" if isinstance(value, list) else str(value)
    return text if len(text) <= 200 else f"{text[:200]}…"
