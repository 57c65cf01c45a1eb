"""Contexts that belong to versions of the calibration software."""

import re
from datetime import datetime

from apps.contexts.errors import (
    UnknownBuildError,
)
from apps.contexts.models import ContextChange, Pointer
from apps.core.errors import InvalidInputError


def build_context(calibration_version: str) -> str:
    """Return the context tied to a version of the calibration software.

    Without an exact match, the closest earlier patch of the same major and minor version counts.

    Raises
    ------
    InvalidInputError
        Raised if the text is not a version.
    UnknownBuildError
        Raised if no patch of this release is known; clients fall back to latest then.
    """
    if not is_version(calibration_version):
        raise InvalidInputError(
            f"Bad calibration version {calibration_version[:40]!r}; expected a version such as 1.14.1."
        )
    table = build_contexts()
    if calibration_version in table:
        return table[calibration_version]
    wanted = _numbers(calibration_version)
    earlier = {
        numbers: context
        for version, context in table.items()
        if (numbers := _numbers(version)) and numbers[:2] == wanted[:2] and numbers <= wanted
    }
    if not wanted or not earlier:
        known = ", ".join(sorted(table, key=_numbers)) or "none"
        raise UnknownBuildError(
            f"No build context for calibration version {calibration_version!r}; known are {known}."
        )
    return earlier[max(earlier)]


def is_version(text: str) -> bool:
    """Return whether `text` may be a version of calibration software."""
    return re.fullmatch(r"[0-9][A-Za-z0-9.+-]{0,31}", text) is not None


def build_contexts() -> dict[str, str]:
    """Return every calibration version with the context last tied to it."""
    rows = ContextChange.objects.filter(pointer=Pointer.BUILD).order_by("started_at", "pk")
    return dict(rows.values_list("calibration_version", "context"))


def find_build(calibration_version: str) -> ContextChange | None:
    """Return the move that tied a context to exactly this version, or None if there is none."""
    rows = ContextChange.objects.filter(pointer=Pointer.BUILD, calibration_version=calibration_version)
    return rows.order_by("-started_at", "-pk").first()


def banner() -> ContextChange | None:
    """Return the build context that the home page shows, or None if none was ever chosen for it."""
    rows = ContextChange.objects.filter(pointer=Pointer.BUILD, is_banner=True)
    return rows.order_by("-started_at", "-pk").first()


def releases() -> list[tuple[str, datetime]]:
    """Return the known versions of calibration software with their start (UTC), the highest first."""
    rows = ContextChange.objects.filter(pointer=Pointer.BUILD).order_by("-started_at", "-pk")
    first = dict(rows.values_list("calibration_version", "started_at"))
    known = [(version, since) for version, since in first.items() if is_version(version)]
    return sorted(known, key=lambda release: (_numbers(release[0]), release[0]), reverse=True)


def _numbers(version: str) -> tuple[int, ...]:
    """Return the three numbers of a version, empty if it has none at its start."""
    found = re.match(r"(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?", version)
    return tuple(int(part or 0) for part in found.groups()) if found else ()
