"""A reader of the contexts in a server_config."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.catalog.crds_cache import read_moment
from apps.contexts.models import Pointer
from apps.rules.naming.file_names import is_file_name

# Pointer to the keys of server_config that hold its context, the preferred one first.
POINTER_KEYS = {
    Pointer.LATEST: ("latest_context", "operational_context"),
    Pointer.EDIT: ("edit_context",),
    Pointer.VERSIONS: ("versions_context",),
    Pointer.BUILD: ("build_context",),
}


@dataclass(frozen=True, slots=True)
class LatestPeriod:
    """A context that became latest at `started_at`, aware UTC, and the reason."""

    started_at: datetime
    context: str
    reason: str


def read_eras(config: Mapping[str, Any]) -> tuple[list[LatestPeriod], list[tuple[str, str]]]:
    """Return the eras of latest, the oldest first, and a complaint for each entry that is not an era."""
    entries = config.get("context_history", [])
    if not isinstance(entries, list | tuple):
        return [], [("context_history", f"is a {type(entries).__name__} and not a list.")]
    eras, complaints = [], []
    for number, entry in enumerate(entries):
        era = _era(entry)
        if era is not None:
            eras.append(era)
        else:
            complaints.append(
                (f"context_history[{number}]", f"{str(entry)[:120]} is not [date, context, text].")
            )
    return sorted(eras, key=lambda era: (era.started_at, era.context)), complaints


def _era(entry: object) -> LatestPeriod | None:
    if not isinstance(entry, list | tuple) or len(entry) != 3:
        return None
    moment, context, reason = read_moment(entry[0]), entry[1], entry[2]
    if moment is None or not _is_pmap(context) or not isinstance(reason, str | None):
        return None
    return LatestPeriod(moment, context, (reason or "").replace("\0", ""))


def read_pointers(config: Mapping[str, Any]) -> dict[Pointer, str]:
    """Return the contexts that the pointers of another server name."""
    found = {}
    for pointer, keys in POINTER_KEYS.items():
        names = [config[key] for key in keys if _is_pmap(config.get(key))]
        if names:
            found[pointer] = names[0]
    return found


def _is_pmap(name: object) -> bool:
    return isinstance(name, str) and is_file_name(name) and name.endswith(".pmap")
