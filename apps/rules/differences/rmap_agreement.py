"""A check that a new rmap, which the client's library wrote, holds exactly the changes that were asked for.

Places of references are compared as the engine reads them and not as text, because the spelling changes when
an rmap is written again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.rules.errors import CrdsError, MappingError
from apps.rules.lookup.compiled_mapping import CompiledMapping
from apps.rules.lookup.compiled_selectors import SEVERAL, Choice
from apps.rules.lookup.compiler import compile_mapping
from apps.rules.lookup.context import assemble
from apps.rules.observatories import get_observatory
from apps.rules.text.parser import parse_mapping

# Fields of a header that differ from the predecessor in every mapping and mean nothing to its rules.
OF_ITS_OWN = frozenset(("name", "derived_from", "sha1sum"))
MOST_PROBES = 2000
MOST_OF_A_PLACE = 40
NOT_FOUND = "NOT FOUND"

# Selector, its parkeys and its key at each level from the top.
Step = tuple[str, tuple[str, ...], Any]
Place = tuple[Step, ...]
Header = dict[str, str]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A change in a new rmap that nobody asked for, or a place that the engine reads differently.

    Attributes
    ----------
    code
        ``unreadable``, ``header``, ``missing``, ``unasked`` or ``answer``.
    text
        The expected and the actual content, safe to show.
    """

    code: str
    text: str


def disagreements(
    old_text: str,
    new_text: str,
    *,
    name: str,
    observatory: str,
    inserted: Iterable[str] = (),
    deleted: Iterable[str] = (),
    answers: Iterable[tuple[Mapping[str, str], str]] | None = None,
) -> list[Disagreement]:
    """Return the faults of a new rmap; an empty list if it is right.

    Parameters
    ----------
    old_text, new_text
        The texts of the rmap before and after.
    name
        Name of the new rmap.
    observatory
        Lower case name.
    inserted, deleted
        Names of references.
    answers
        The library's answer for each of `probes`. Without them, the engine must find each inserted reference
        in every place where it was inserted.

    Examples
    --------
    >>> disagreements("header = {}", "nonsense", name="x.rmap", observatory="tobs")[0].code
    'unreadable'
    """
    inserted, deleted = frozenset(inserted), frozenset(deleted)
    try:
        # An rmap that was edited by hand has an old checksum. The checksum of the new rmap must be right.
        old = _compiled(old_text, name, observatory, verify_checksum=False)
        new = _compiled(new_text, name, observatory, verify_checksum=True)
        found = list(_of_headers(parse_mapping(old_text, name).header, parse_mapping(new_text, name).header))
    except MappingError as exc:
        return [Disagreement("unreadable", str(exc))]
    found += _of_places(_places(old), _places(new), inserted, deleted)
    if answers is None:
        answers = ((probe, reference) for reference, probe in _probes(new, inserted))
    return found + list(_of_answers(new, answers))


def probes(text: str, *, name: str, observatory: str, references: Iterable[str]) -> list[Header]:
    """Return headers of invented datasets that fit the places of `references` in an rmap.

    Where a key lists several values, each value gets a header. Where it has a pattern, one value is tried.
    """
    compiled = _compiled(text, name, observatory, verify_checksum=False)
    return [header for _reference, header in _probes(compiled, frozenset(references))]


def _compiled(text: str, name: str, observatory: str, *, verify_checksum: bool) -> CompiledMapping:
    compiled = compile_mapping(
        text, name=name, observatory=get_observatory(observatory), verify_checksum=verify_checksum
    )
    if compiled.selector is None:
        raise MappingError(f"{name} is not an rmap.")
    return compiled


def _of_headers(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Disagreement]:
    for key in sorted({*old, *new} - OF_ITS_OWN):
        if old.get(key) != new.get(key):
            yield Disagreement(
                "header", f"Header field {key!r} changed from {old.get(key)!r} to {new.get(key)!r}."
            )


def _places(mapping: CompiledMapping) -> dict[Place, tuple[str, ...]]:
    """Return the names by place; several names where the rules give several."""
    assert mapping.selector is not None  # noqa: S101 (see _compiled)
    return dict(_walk(mapping.selector, ()))


def _walk(choice: Choice, above: Place) -> Iterator[tuple[Place, tuple[str, ...]]]:
    if isinstance(choice, str):
        yield above, (choice,)
        return
    kind, parkeys, keys, choices = choice
    if kind == SEVERAL:
        yield above, tuple(choices)
        return
    for key, below in zip(keys, choices, strict=True):
        yield from _walk(below, (*above, (kind, parkeys, key)))


def _of_places(
    old: Mapping[Place, tuple[str, ...]],
    new: Mapping[Place, tuple[str, ...]],
    inserted: frozenset[str],
    deleted: frozenset[str],
) -> Iterator[Disagreement]:
    standing = {name for names in new.values() for name in names}
    for name in sorted(inserted - standing):
        yield Disagreement("missing", f"{name} is not in the new rules.")
    for name in sorted(deleted & standing):
        yield Disagreement("unasked", f"{name} is still in the new rules.")
    for place in {**old, **new}:
        before, after = old.get(place, ()), new.get(place, ())
        if before == after or (after and inserted.issuperset(after)):
            continue
        if not after and deleted.issuperset(before):
            continue
        yield Disagreement(
            "unasked", f"{_title(place)}: {_names(before)} became {_names(after)}, which nobody asked for."
        )


def _names(names: Sequence[str]) -> str:
    return ", ".join(names) or "nothing"


def _title(place: Place) -> str:
    return " ".join(
        ", ".join(f"{parkey}={value!r}" for parkey, value in zip(parkeys, _tuple(key), strict=False))
        or str(key)
        for _kind, parkeys, key in place
    )


def _tuple(key: Any) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)


def _of_answers(
    mapping: CompiledMapping, answers: Iterable[tuple[Mapping[str, str], str]]
) -> Iterator[Disagreement]:
    context = assemble(mapping.name, {mapping.name: mapping})
    for header, expected in answers:
        try:
            ours = context.best_references(header).get(mapping.filekind or "", "")
        except CrdsError as exc:
            ours = f"{NOT_FOUND} {exc}"
        # If both fail they agree, whatever words the library uses.
        if ours != expected and not (ours.startswith(NOT_FOUND) and expected.startswith(NOT_FOUND)):
            shown = ", ".join(f"{key}={value!r}" for key, value in header.items())
            yield Disagreement(
                "answer", f"For {shown} the rules should give {expected}, but give {ours or 'nothing'}."
            )


def _probes(mapping: CompiledMapping, references: frozenset[str]) -> Iterator[tuple[str, Header]]:
    made = 0
    for place, names in _places(mapping).items():
        for name in references.intersection(names):
            for header in _headers(place):
                made += 1
                if made > MOST_PROBES:
                    return
                yield name, header


def _headers(place: Place) -> list[Header]:
    """Return headers that fit one place: each value of each parkey once, with the first of the others."""
    options: dict[str, list[str]] = {}
    for kind, parkeys, key in place:
        _VALUES.get(kind, _each)(parkeys, key, options)
    first = {parkey: values[0] for parkey, values in options.items()}
    others = [first | {parkey: value} for parkey, values in options.items() for value in values[1:] if values]
    return [first, *others][:MOST_OF_A_PLACE]


def _each(parkeys: Sequence[str], key: Any, options: dict[str, list[str]]) -> None:
    for parkey, element in zip(parkeys, _tuple(key), strict=False):
        options[parkey] = _values(str(element))


def _date(parkeys: Sequence[str], key: Any, options: dict[str, list[str]]) -> None:
    day, _, hour = str(key).partition(" ")
    if len(parkeys) == 1:
        options[parkeys[0]] = [str(key)]
    for parkey, value in zip(parkeys, (day, hour), strict=False):
        options.setdefault(parkey, [value])


_VALUES = {"UseAfter": _date, "ClosestTime": _date}


def _values(element: str) -> list[str]:
    """Return values that fit one element of a match key.

    Examples
    --------
    >>> _values("A|B"), _values("*"), _values("BETWEEN 3.0 7.0"), _values("# >=10 #"), _values("{F(1)}")
    (['A', 'B'], ['N/A'], ['3.0'], ['10'], ['F(1)'])
    """
    if element in {"*", "N/A", ""} or element.startswith(("(", "NOT ")):
        return ["N/A"]
    if element.startswith("{"):
        return [element.strip("{}")]
    if element.upper().startswith("BETWEEN"):
        return [element.split()[1]]
    if element.startswith(("#", ">", "<", "=")):
        return [element.strip("# ").lstrip("<>= ")]
    return [value.replace("*", "").replace("?", "X") or "N/A" for value in element.split("|")]
