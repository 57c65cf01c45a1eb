"""New mappings made from old ones: renamed mappings, and contexts with some of their rmaps replaced.

All functions take and return text. As in the client, comments inside selectors of the old mapping are lost.

Notes
-----
Source: website, sections 7.7 and 8.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from apps.rules.errors import MappingError, UnknownMappingError
from apps.rules.text.parser import ParsedMapping, parse_mapping
from apps.rules.text.special_values import NOT_APPLICABLE, SPECIAL
from apps.rules.text.writer import write_mapping


class CollisionError(MappingError):
    """The base has changed for the type of a new rmap; `collisions` lists all such cases."""

    code = "collision"

    def __init__(self, collisions: Sequence[Collision]) -> None:
        super().__init__(" ".join(str(collision) for collision in collisions))
        self.collisions = tuple(collisions)


@dataclass(frozen=True, slots=True)
class NewRmap:
    """An rmap that will become part of a context.

    Attributes
    ----------
    name
        Official name; ``N/A`` if the type no longer applies.
    parent
        Name of the rmap it was made from; empty for the first rmap of a type.
    instrument, filekind
        Lower case.
    """

    name: str
    parent: str
    instrument: str
    filekind: str


@dataclass(frozen=True, slots=True)
class Collision:
    """A new rmap whose parent is not the rmap that the base has now.

    Attributes
    ----------
    standing
        Name of the rmap in the base; empty if there is none.
    """

    new: NewRmap
    standing: str

    def __str__(self) -> str:
        return (
            f"{self.new.name} was derived from {self.new.parent or 'nothing'}, but for "
            f"{self.new.instrument} {self.new.filekind} the context has {self.standing or 'nothing'} now."
        )


def renamed(text: str, *, name: str, derived_from: str) -> str:
    """Return a mapping under another name, with its derivation and checksum.

    Raises
    ------
    MappingError
        Raised if `text` is not a mapping.
    """
    parsed = parse_mapping(text, name)
    return _written(parsed, name=name, derived_from=derived_from, selector=None)


def derived_context(base_text: str, *, base: str, name: str, changes: Mapping[str, str]) -> str:
    """Return an imap or pmap made from `base` with some of its lines replaced or added.

    Parameters
    ----------
    base_text, base
        Text and name of the old mapping.
    name
        Name of the new mapping.
    changes
        Reference type (imap) or instrument (pmap), lower case, to the name of a mapping or ``N/A``.

    Raises
    ------
    MappingError
        Raised if `base_text` is not an imap or pmap.
    """
    parsed = parse_mapping(base_text, base)
    if not isinstance(parsed.selector, dict):
        raise MappingError(f"{base} is not an imap or pmap.")
    selector = dict(parsed.selector)
    spelling = {str(key).lower(): key for key in selector}
    is_upper = bool(selector) and all(str(key).isupper() for key in selector)
    for key, value in changes.items():
        selector[spelling.get(key, key.upper() if is_upper else key)] = value
    return _written(parsed, name=name, derived_from=base, selector=selector)


def _written(parsed: ParsedMapping, *, name: str, derived_from: str, selector: dict[str, str] | None) -> str:
    header = {**parsed.header, "name": name, "derived_from": derived_from}
    content = parsed.selector if selector is None else selector
    return write_mapping(header, content, comment=parsed.comment or "")


@dataclass(frozen=True, slots=True)
class Base:
    """The context that new rmaps will become part of.

    Attributes
    ----------
    pmap
        Its name.
    texts
        Texts of the pmap and of all its imaps, by name.
    imaps
        Lower case instrument to the name of its imap.
    rmaps
        Lower case instrument and reference type to the name of the rmap, or ``N/A``.
    """

    pmap: str
    texts: Mapping[str, str]
    imaps: Mapping[str, str]
    rmaps: Mapping[tuple[str, str], str]

    @classmethod
    def read(cls, pmap: str, texts: Mapping[str, str]) -> Base:
        """Return the context `pmap`, given its text and the texts of its imaps. Other texts are ignored.

        Raises
        ------
        UnknownMappingError
            Raised if a text is missing.
        """
        imaps = {key: name for key, name in _lines(pmap, texts).items() if name not in SPECIAL}
        rmaps = {
            (instrument, filekind): name
            for instrument, imap in imaps.items()
            for filekind, name in _lines(imap, texts).items()
        }
        return cls(pmap, {name: texts[name] for name in (pmap, *imaps.values())}, imaps, rmaps)

    def collisions(self, new: Iterable[NewRmap]) -> list[Collision]:
        """Return the collisions: new rmaps whose parent is not the rmap in this context."""
        found = (Collision(rmap, self._standing(rmap)) for rmap in new)
        return [
            collision
            for collision in found
            if collision.standing not in {collision.new.parent, collision.new.name}
        ]

    def _standing(self, new: NewRmap) -> str:
        name = self.rmaps.get((new.instrument, new.filekind), "")
        return "" if name in NOT_APPLICABLE and not new.parent else name

    def with_rmaps(
        self, new: Sequence[NewRmap], *, pmap: str, imaps: Mapping[str, str], is_forced: bool = False
    ) -> dict[str, str]:
        """Return the texts of the new imaps and the new pmap by name.

        Only the lines of the new rmaps change, so changes by other submissions are kept.

        Parameters
        ----------
        new
            At most one rmap for each type.
        pmap
            Name of the new pmap.
        imaps
            Each changed instrument to the name of its new imap.
        is_forced
            Take the new rmaps even if the base has changed. The new context then lacks what was added there.

        Raises
        ------
        CollisionError
            Raised if the base has changed for one of the types, unless forced.
        UnknownMappingError
            Raised if the base has no imap for an instrument.
        MappingError
            Raised if two of the new rmaps are for one type.
        """
        collisions = self.collisions(new)
        if collisions and not is_forced:
            raise CollisionError(collisions)
        changes: dict[str, dict[str, str]] = {}
        for rmap in new:
            lines = changes.setdefault(rmap.instrument, {})
            if rmap.filekind in lines:
                raise MappingError(
                    f"{rmap.name} and {lines[rmap.filekind]} are both for {rmap.instrument} {rmap.filekind}."
                )
            lines[rmap.filekind] = rmap.name
        made = {
            imaps[instrument]: self._derived(self._imap(instrument), imaps[instrument], lines)
            for instrument, lines in changes.items()
        }
        lines = {instrument: imaps[instrument] for instrument in changes}
        return {**made, pmap: self._derived(self.pmap, pmap, lines)}

    def _imap(self, instrument: str) -> str:
        if instrument not in self.imaps:
            raise UnknownMappingError(
                f"{self.pmap} has no imap for {instrument!r}; it has {', '.join(sorted(self.imaps))}."
            )
        return self.imaps[instrument]

    def _derived(self, base: str, name: str, changes: Mapping[str, str]) -> str:
        return derived_context(self.texts[base], base=base, name=name, changes=changes)


def _lines(name: str, texts: Mapping[str, str]) -> dict[str, str]:
    """Return the lines of an imap or pmap by lower case key."""
    if name not in texts:
        raise UnknownMappingError(f"The text of {name!r} is missing.")
    selector = parse_mapping(texts[name], name).selector
    if not isinstance(selector, dict):
        raise MappingError(f"{name} is not an imap or pmap.")
    return {str(key).lower(): str(value) for key, value in selector.items()}
