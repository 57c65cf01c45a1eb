"""The versions of the calibration steps that belong to a version of the calibration software.

The answer is the content of a JSON reference. The rules of the SYSTEM instrument select it for type
``calver``. Source: wire protocol, section 2.9.
"""

import json
import re
from typing import Any

from django.conf import settings
from django.utils import timezone

from apps.catalog import queries as catalog
from apps.catalog.reading import load_bytes
from apps.contexts import queries as contexts
from apps.core.errors import ConflictError, InvalidInputError, NotFoundError
from apps.rules.observatories import get_observatory

REFTYPE = "calver"
VERSION_PARKEY = "META.CALIBRATION_SOFTWARE_VERSION"
DATE_PARKEYS = ("META.OBSERVATION.DATE", "META.OBSERVATION.TIME")
_VERSION = re.compile(r"[A-Za-z0-9._-]{1,128}")


def system_versions(master_version: str, specifier: str | None) -> dict[str, Any]:
    """Return the content of the reference that is selected for a version of the software.

    Parameters
    ----------
    master_version
        A version such as ``0.9.3``.
    specifier
        Specifier of a context; None, which the client also sends as ``"None"``, means the versions context.

    Raises
    ------
    InvalidInputError
        Raised if `master_version` does not have the syntax of a version.
    NotFoundError
        Raised if the context selects nothing for the version, or this server does not hold the selected
        reference.
    ConflictError
        Raised if the selected reference does not hold versions.
    """
    if not _VERSION.fullmatch(master_version):
        # The text is the original server's, letter for letter.
        raise InvalidInputError("Invalid version string,  must be 1-128 chars of A-Z, a-z, 0-9, ., -, _")
    if specifier is None or specifier in contexts.NOTHING:
        specifier = f"{settings.OBSERVATORY}-versions"
    name = _select(master_version, contexts.resolve_pipeline(specifier))
    content = _parse(load_bytes(catalog.get_file(name)))
    if not isinstance(content, dict):
        raise ConflictError(f"{name} does not hold a JSON object with versions.")
    return content


def _select(master_version: str, context: str) -> str:
    """Return the name of the reference that `context` selects for this moment."""
    observatory = get_observatory(settings.OBSERVATORY)
    if "system" not in observatory.instruments:
        raise NotFoundError(
            f"The rules of {observatory.name} have no SYSTEM instrument to look versions up in."
        )
    date, time = timezone.now().strftime("%Y-%m-%d %H:%M:%S").split()
    header = {
        observatory.instrument_key: "SYSTEM",
        VERSION_PARKEY: master_version,
        **dict(zip(DATE_PARKEYS, (date, time), strict=True)),
    }
    found = contexts.get_context(context).best_references(header, [REFTYPE]).get(REFTYPE, "NOT FOUND")
    if found.startswith("NOT FOUND"):
        raise NotFoundError(f"{context} selects no versions for {master_version!r}: {found}.")
    return found


def _parse(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
