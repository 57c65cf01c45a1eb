"""The constraints on references, in the form in which the client checks them.

The client evaluates conditions as Python, so `constraints_of` lets through only what `expressions` allows,
whoever made the document.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from . import expressions
from .definition import UnusableDefinitionError

if TYPE_CHECKING:
    from .definition import Document

ALL = "all"
EXPRESSION = "X"
KEYTYPES = frozenset("HCGADX")
DATATYPES = frozenset("CSILRDX")
PRESENCES = frozenset("EROW")


class ConstraintRow(NamedTuple):
    """One constraint with the fields of the client's ``TpnInfo``."""

    name: str
    keytype: str
    datatype: str
    presence: str
    values: tuple[str, ...]


def constraints_of(document: Document, instrument: str, filekind: str) -> list[ConstraintRow]:
    """Return the constraints on references of a type, sorted.

    ``all`` for instrument or type gives what holds for all of them.

    Raises
    ------
    UnusableDefinitionError
        Raised if a constraint is none that the client may evaluate.
    """
    groups = document["constraints"]
    found = {
        _checked(ConstraintRow(name, keytype, datatype, presence, tuple(values)))
        for level in levels(instrument, filekind)
        for name, keytype, datatype, presence, values in groups.get(level, [])
    }
    return sorted(found)


def levels(instrument: str, filekind: str) -> Iterator[str]:
    """Yield the names of the groups of constraints that hold for a type, the most special first."""
    yield f"{instrument}_{filekind}"
    yield f"{instrument}_{ALL}"
    parts = filekind.split("-")
    for length in range(len(parts), 0, -1):
        yield f"{ALL}_{'-'.join(parts[:length])}"
    yield f"{ALL}_{ALL}"


def _checked(constraint: ConstraintRow) -> ConstraintRow:
    """Return a constraint, or refuse it if it could run anything."""
    name, keytype, datatype, presence, values = constraint
    if keytype not in KEYTYPES or datatype not in DATATYPES:
        raise UnusableDefinitionError(f"The constraint on {name} has type {keytype!r} or {datatype!r}.")
    conditions = [value for value in values if datatype == EXPRESSION or value.startswith("(")]
    if presence not in PRESENCES:
        conditions.append(presence)
    for condition in conditions:
        if fault := expressions.fault_of(condition):
            raise UnusableDefinitionError(f"The constraint on {name} has no sound condition: {fault}.")
    return constraint
