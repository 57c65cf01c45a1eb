"""Permission to mark files bad or OK: a mark needs the right to submit for every instrument that it touches.

Operators choose contexts for everybody, so they may mark every file.
"""

from collections.abc import Iterable

from django.conf import settings

from apps.catalog import usage
from apps.catalog.models import File
from apps.contexts import queries
from apps.contexts.models import Pointer
from apps.core.access import Actor, Role
from apps.core.errors import DeniedError
from apps.rules.naming.file_names import is_mapping
from apps.rules.observatories import get_observatory

_IN_USE = (Pointer.EDIT, Pointer.LATEST)
NAMED = 5  # instruments that a message names


def require_marking(actor: Actor, files: Iterable[File], *, is_bad: bool) -> None:
    """Refuse to mark files that belong to instruments of other people, or that these people use.

    Parameters
    ----------
    is_bad
        The files are marked bad. A bad mapping also taints the edit and the latest context if they contain
        it, and then touches every instrument of them.

    Raises
    ------
    DeniedError
        Raised for the first file that the account may not mark; the message names what is missing.
    """
    if actor.has_role(Role.OPERATOR):
        return
    used = _used_contexts() if is_bad else {}
    for file in files:
        _require(actor, file, _own_instruments(file), f"{file.name} belongs to")
        for pmap in sorted(_tainted(file, used)) if used else ():
            _require(actor, file, used[pmap], f"marking {file.name} bad stops {pmap}, which is in use for")


def _require(actor: Actor, file: File, instruments: Iterable[str], why: str) -> None:
    missing = [name for name in sorted(instruments) if not actor.has_role(Role.SUBMITTER, name)]
    if not missing:
        return
    rest = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
    raise DeniedError(
        f"{actor.get_username()} may not mark {file.name}: {why} {', '.join(missing[:NAMED])}{rest}, for "
        f"which this account lacks the role {Role.SUBMITTER}. Ask an operator. Nothing was changed."
    )


def _own_instruments(file: File) -> frozenset[str]:
    """Return the instruments that a file belongs to; a pmap belongs to those of its imaps."""
    return frozenset({file.instrument}) if file.instrument else _instruments_in(file.name)


def _instruments_in(pmap: str) -> frozenset[str]:
    """Return the instruments of the imaps that a pmap names; all that there are if this cannot be told."""
    imaps = usage.children_by_parent(usage.official().filter(name=pmap)).get(pmap, ())
    rows = usage.official().filter(name__in=imaps).exclude(instrument="")
    named = frozenset(rows.values_list("instrument", flat=True))
    return named or frozenset(get_observatory(settings.OBSERVATORY).instruments)


def _used_contexts() -> dict[str, frozenset[str]]:
    """Return the instruments of the edit and the latest context, by the name of the context."""
    names = {queries.find_pointed(pointer) for pointer in _IN_USE} - {None}
    return {name: _instruments_in(name) for name in names if name}


def _tainted(file: File, used: Iterable[str]) -> set[str]:
    """Return those contexts in use that a bad file taints, if it is a mapping and not one of them itself."""
    return usage.above([file.name]).intersection(used) if is_mapping(file.name) else set()
