"""The module ``crds.<observatory>``: the types of the observatory and what the client reads beside them."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

from crds.core import generic_tpn, reftypes

from .. import constraints, definition
from ..names import OBSERVATORY

HERE = os.path.dirname(os.path.abspath(__file__))
DOCUMENT = definition.in_use().document


class _Types(reftypes.TypeParameters):
    """The types, whose constraints come from the definition and not from files."""

    def get_all_tpninfos(self, instrument: str, filekind: str, field: str) -> list[Any]:
        """Return the constraints on references, and equally on rules, of a type."""
        found = constraints.constraints_of(DOCUMENT, instrument, filekind)
        return [generic_tpn.TpnInfo(*constraint) for constraint in found]


def _spec(instrument: str, filekind: str) -> reftypes.TypeSpec:
    kind = DOCUMENT["types"][instrument][filekind]
    return reftypes.TypeSpec(
        {
            "observatory": OBSERVATORY,
            "instrument": instrument,
            "filekind": filekind,
            "filetype": filekind,
            "suffix": kind["suffix"],
            "text_descr": kind["text"],
            "file_ext": kind["extension"],
            "unique_rowkeys": kind["row_keys"] or None,
            "extra_keys": None,
            "classes": kind["selectors"],
            "tpn": f"{instrument}_{filekind}.tpn",
            "ld_tpn": f"{instrument}_{filekind}_ld.tpn",
        }
    )


TYPES = _Types(
    OBSERVATORY,
    {
        instrument: {filekind: _spec(instrument, filekind) for filekind in kinds}
        for instrument, kinds in DOCUMENT["types"].items()
    },
)
INSTRUMENTS = TYPES.instruments
EXTENSIONS = TYPES.extensions
TEXT_DESCR = TYPES.text_descr
FILEKINDS = TYPES.filekinds
INSTRUMENT_FIXERS: dict[str, str] = {}
TYPE_FIXERS: dict[str, str] = {}
PROVENANCE_KEYWORDS = tuple(DOCUMENT["provenance"])
USEAFTER_KEYWORDS = tuple(DOCUMENT["useafter_keys"])
DEFAULT_SELECTORS = ("Match", "UseAfter")

_hooks: dict[str, ModuleType] = {}


def __getattr__(name: str) -> ModuleType:
    """Return the module for the hooks of an instrument, which has none."""
    if name not in INSTRUMENTS:
        raise AttributeError(f"{OBSERVATORY} has no instrument {name!r}; it has {', '.join(INSTRUMENTS)}.")
    return _hooks.setdefault(name, ModuleType(f"crds.{OBSERVATORY}.{name}"))
