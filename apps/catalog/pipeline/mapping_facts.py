"""Facts about files that are read from the mappings of a cache."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from sys import intern

from apps.catalog.crds_cache import CacheCatalog, read_moment
from apps.catalog.crds_database import KnownBefore
from apps.catalog.mapping_text import MappingFacts, Named, look
from apps.rules.errors import MappingError

MAX_MAPPING = 16 << 20  # bytes; the largest seen has 1 MB


@dataclass(frozen=True, slots=True)
class FactsFromRules:
    """Facts about one reference, from the newest rmap of the first reftype that names it."""

    instrument: str
    filekind: str
    useafter: str


@dataclass
class Findings:
    """The facts that the mappings of a cache give together.

    Attributes
    ----------
    children
        pmap or imap to the mappings it names.
    named_by
        rmap to the references it names.
    sums
        Mapping to the sha1sum of the text that was read.
    known
        The facts in the database of the cache, if it has one.
    """

    looks: dict[str, MappingFacts] = field(default_factory=dict)
    children: dict[str, tuple[str, ...]] = field(default_factory=dict)
    named_by: dict[str, tuple[str, ...]] = field(default_factory=dict)
    references: dict[str, FactsFromRules] = field(default_factory=dict)
    sums: dict[str, str] = field(default_factory=dict)
    known: KnownBefore = field(default_factory=KnownBefore)

    def add(self, name: str, found: MappingFacts, sha1sum: str) -> None:
        """Add one mapping; the mappings of a reftype must be added in the order of their serials."""
        self.sums[name] = sha1sum
        self.children[name] = found.children
        self.named_by[name] = tuple(intern(reference) for reference, _date in found.references)
        for reference, useafter in found.references:
            before = self.references.get(reference)
            if before is None or before.filekind == found.filekind:
                self.references[intern(reference)] = FactsFromRules(
                    found.instrument, found.filekind, useafter
                )
        self.looks[name] = MappingFacts(
            found.instrument, found.filekind, found.derived_from, found.description, (), ()
        )

    def named(self, name: str, sha1sum: str) -> Named | None:
        """Return the contents of a mapping, or None if its text was not read, or had another sha1sum."""
        if self.sums.get(name) != sha1sum:
            return None
        found = self.looks[name]
        return Named(
            found.instrument, found.filekind, found.derived_from, self.children[name], self.named_by[name]
        )

    def columns(self, name: str) -> dict[str, object]:
        """Return the columns of `File` that the mappings fill for a file."""
        if found := self.looks.get(name):
            return {
                "instrument": found.instrument[:32],
                "filekind": found.filekind[:64],
                "derived_from": found.derived_from[:128],
                "description": found.description,
            }
        facts = self.references.get(name) or self.references.get(_twin(name))
        if facts is None:
            return {}
        return {
            "instrument": facts.instrument[:32],
            "filekind": facts.filekind[:64],
            "useafter_at": read_moment(facts.useafter),
        }

    def first_use(self, eras: Iterable[tuple[datetime, str]]) -> dict[str, datetime]:
        """Return the time at which each file first was part of a latest context.

        Parameters
        ----------
        eras
            Start and context, oldest first.
        """
        found: dict[str, datetime] = {}
        for started_at, context in eras:
            for name in self._newly_used(context, found):
                found[name] = started_at
        return found

    def _newly_used(self, context: str, known: dict[str, datetime]) -> Iterator[str]:
        waiting, seen = [context], set()
        while waiting:
            name = waiting.pop()
            if name in known or name in seen:
                continue
            seen.add(name)
            yield name
            waiting.extend(self.children.get(name, ()))
            waiting.extend(self.named_by.get(name, ()))


def look_into(mappings: Iterable[Path], catalog: CacheCatalog, *, is_trusted: bool = False) -> Findings:
    """Read the mappings of a cache: those whose size the catalog confirms or, if trusted, all.

    The facts fill descriptive columns only. The bytes are compared with their sha1sum when they are stored.
    """
    findings = Findings()
    for path in mappings:
        facts = catalog.files.get(path.name)
        try:
            size = path.stat().st_size
            if (
                path.is_file()
                and size <= MAX_MAPPING
                and (is_trusted or (facts is not None and facts.size == size))
            ):
                content = path.read_bytes()
                text = content.decode("utf-8", errors="replace").replace("\0", "")
                found = look(text, is_rmap=path.name.endswith(".rmap"))
                findings.add(path.name, found, hashlib.sha1(content, usedforsecurity=False).hexdigest())
        except OSError:
            continue  # The attempt to store it will say what is wrong.
        except MappingError:
            continue  # It is not a mapping. The operations that use it will say so.
    return findings


def _twin(name: str) -> str:
    """Return the name of the GEIS header of a GEIS data file: rules name headers only."""
    return f"{name[:-1]}h" if name.endswith("d") and name[-4:-2] == ".r" else name
