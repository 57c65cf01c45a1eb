"""The constraint files of the library for references, as their authors wrote them.

They are read as text, without an import of the library.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from apps.rules.observatories import find_definition, get_observatory
from apps.rules.observatories.definition import Definition
from apps.rules.observatories.definition_constraints import constraint_files, constraint_lines
from apps.rules.observatories.overlay import Overlay, find_overlay

LARGEST = 1 << 20  # bytes; the largest known file has 20 kB
_WORD = re.compile(r"[a-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class ConstraintFile:
    """One constraint file, verbatim."""

    name: str
    text: str


def constraints_of(observatory: str, instrument: str, filekind: str) -> tuple[ConstraintFile, ...]:
    """Return the constraint files for references of a type, the most general first, and the overlay's part.

    Raises
    ------
    UnknownObservatoryError
        Raised if there is no such observatory.

    Notes
    -----
    Source: website specification, section 6.3; ``reference_props_to_validator_keys`` in the client's
    ``core/reftypes.py``.
    """
    if definition := find_definition(observatory):
        return _defined(definition, instrument, filekind)
    files = _of_library(observatory, instrument, filekind)
    overlay = find_overlay(observatory)
    text = _overlaid(overlay, instrument, filekind) if overlay else ""
    return (*files, ConstraintFile(f"overlay {overlay.version}", text)) if overlay and text else files


def _overlaid(overlay: Overlay, instrument: str, filekind: str) -> str:
    """Return what an overlay adds for a type, in the form of a constraint file."""
    lines = [
        f"# {keyword} may also be {', '.join(values)}"
        for keyword, values in overlay.values_beyond(instrument, filekind).items()
    ]
    for constraint in overlay.constraints_on(instrument, filekind):
        lines += constraint_lines(constraint)
    return "".join(f"{line}\n" for line in lines)


@lru_cache(maxsize=256)
def _of_library(observatory: str, instrument: str, filekind: str) -> tuple[ConstraintFile, ...]:
    folder = _folder(get_observatory(observatory).name)
    names = dict.fromkeys(_names(observatory, instrument, filekind))
    paths = [folder / f"{name}.tpn" for name in names] if folder else []
    return tuple(
        ConstraintFile(path.name, path.read_text(encoding="utf-8", errors="replace"))
        for path in paths
        if path.is_file() and path.stat().st_size <= LARGEST
    )


@lru_cache(maxsize=256)
def _defined(definition: Definition, instrument: str, filekind: str) -> tuple[ConstraintFile, ...]:
    """Return the constraints of a definition in the same form."""
    files = constraint_files(definition)
    kinds = definition.instruments[instrument].types if instrument in definition.instruments else {}
    suffix = kinds[filekind].suffix if filekind in kinds else filekind
    names = ("all_all.tpn", f"{instrument}_all.tpn", f"{instrument}_{suffix}.tpn")
    return tuple(ConstraintFile(name, files[name]) for name in names if name in files)


def _folder(observatory: str) -> Path | None:
    """Return the folder of the library with the constraint files of an observatory."""
    found = importlib.util.find_spec("crds")
    places = list(found.submodule_search_locations or ()) if found else []
    return Path(places[0], observatory, "tpns") if places else None


def _names(observatory: str, instrument: str, filekind: str) -> Iterator[str]:
    """Yield the stems of files that may exist."""
    types = get_observatory(observatory).types
    if not _WORD.fullmatch(instrument) or not _WORD.fullmatch(filekind):
        return
    facts = types.get(instrument, {}).get(filekind, {})
    # The name of a constraint file has the short form of a type if the names of references have it.
    stem = str(facts.get("suffix") or filekind)
    if stem != filekind:
        yield f"{instrument}_{stem}"
        return
    yield "all_all"
    yield f"{instrument}_all"
    parts = filekind.split("-")
    yield from (f"all_{'-'.join(parts[:length])}" for length in range(1, len(parts) + 1))
    yield f"{instrument}_{filekind}"
