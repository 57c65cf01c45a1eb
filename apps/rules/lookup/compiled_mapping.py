"""One compiled mapping: the content of its text, ready to be part of contexts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from apps.rules.lookup.compiled_selectors import Selector, references_in
from apps.rules.lookup.reftype import ReferenceRules, required_parkeys
from apps.rules.observatories import Observatory, get_observatory
from apps.rules.text.header_fields import text_field
from apps.rules.text.special_values import SPECIAL


@dataclass(frozen=True, eq=False, repr=False)
class CompiledMapping:
    """A mapping of any level, immutable and shared by all contexts that hold it.

    Attributes
    ----------
    name
        Without directory.
    kind
        ``pmap``, ``imap`` or ``rmap``.
    observatory
        Lower case name.
    header
        Header as written.
    selections
        For pmap and imap: lower case instrument or reference type with the name of its mapping, in the order
        of the text. Values may be special (``N/A``, ``OMIT``).
    selector
        For rmap: the compiled selector.
    """

    name: str
    kind: str
    observatory: str
    header: Mapping[str, Any]
    selections: tuple[tuple[str, str], ...] = ()
    selector: Selector | None = None

    def __repr__(self) -> str:
        return f"CompiledMapping({self.name!r})"

    @property
    def definition(self) -> Observatory:
        """The observatory whose rules these are."""
        return get_observatory(self.observatory)

    @property
    def instrument(self) -> str | None:
        """Lower case instrument; None for a pmap."""
        return text_field(self.header, "instrument", "") or None

    @property
    def filekind(self) -> str | None:
        """Lower case reference type; None for a pmap or imap."""
        return text_field(self.header, "filekind", "") or None

    @property
    def children(self) -> tuple[str, ...]:
        """Names of the mappings that this one refers to, in the order of the text, without special values."""
        return tuple(value for _key, value in self.selections if value not in SPECIAL)

    @property
    def references(self) -> tuple[str, ...]:
        """Names of the references of an rmap, sorted."""
        if self.selector is None:
            return ()
        return tuple(sorted(set(references_in(self.selector)) - SPECIAL))

    @cached_property
    def rules(self) -> ReferenceRules:
        """The rules of an rmap, made at first use and shared by all contexts."""
        if self.selector is None:
            raise TypeError(f"{self.name} is not a reference mapping")
        return ReferenceRules(self.header, self.selector, self.definition)

    @property
    def parkeys(self) -> tuple[str, ...]:
        """Parkeys that this mapping itself requires, in its order and with repeats."""
        if self.kind == "rmap":
            return required_parkeys(self.header, self.definition)
        return (*self.header["parkey"], *self.header.get("extra_keys", ()))
